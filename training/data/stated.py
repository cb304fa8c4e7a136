"""What a person says about a file and its columns, so that it is not guessed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from pydantic import ValidationError

from core.contract import BLANKS, Column, FileFormat, Kind, Policies, Task
from core.errors import InvalidInputError
from core.strict_json import describe_rule
from training.data.encoding import Encoding, guess_encoding

Settings = Mapping[str, Mapping[str, str]]
"""For some columns, by name, some fields of `core.contract.Column` as text."""

FIELDS = ("kind", "nullable", "minimum", "maximum", "categories", "sensitive")
IGNORED = "ignored"
_KINDS = (*get_args(Kind), IGNORED)
_MAX_CHARACTERS = 256
_WORDS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Whatever is None, or not named in `columns`, is guessed.

    Attributes
    ----------
    dataset : str or None
        Name of the dataset; made from the file's name when not stated.
    identifier, group, time : str or None
        Columns with these roles. Only an identifier is looked for by itself.
    positive : str or None
        The positive class of a binary target.
    task : {'binary', 'multiclass', 'regression'} or None
        What is predicted.
    delimiter, encoding, header, decimal, thousands, units
        How a CSV is written; see `core.contract.FileFormat`.
    missing : tuple of str
        What means "not known", beside what always does: never guessed.
    columns : mapping of str to mapping
        Fields of columns; see `parse_settings`.
    policies : Policies
        What becomes of values that the contract does not expect: never guessed.
    """

    dataset: str | None = None
    identifier: str | None = None
    group: str | None = None
    time: str | None = None
    positive: str | None = None
    task: Task | None = None
    delimiter: str | None = None
    encoding: Encoding | None = None
    header: bool | None = None
    decimal: str | None = None
    thousands: str | None = None
    units: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
    columns: Settings = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)

    def describe_file(self, body: bytes) -> FileFormat:
        """Return how a file is written: as was said, or as its bytes look."""
        try:
            return FileFormat.model_validate(
                {
                    "delimiter": self.delimiter,
                    "encoding": self.encoding or guess_encoding(body),
                    "header": self.header is not False,
                    "decimal": self.decimal or ".",
                    "thousands": self.thousands,
                    "units": self.units or (),
                }
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise InvalidInputError(
                f"A file cannot be written so: {describe_rule(first)}.",
                next_step="Correct --decimal or --thousands.",
            ) from None


def parse_settings(texts: Iterable[str]) -> Settings:
    """Read ``COLUMN.FIELD=VALUE`` texts: ``zip.kind=categorical``, ``age.maximum=120``.

    Raises
    ------
    InvalidInputError
        If a text is none, or names a field that columns do not have.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        match = re.fullmatch(rf"(.+)\.({'|'.join(FIELDS)})=(.+)", text)
        if not match:
            raise InvalidInputError(
                f"--set wants COLUMN.FIELD=VALUE, where FIELD is one of: {', '.join(FIELDS)}.",
                next_step="for example --set zip.kind=categorical, or --set age.maximum=120",
            )
        column, name, value = match.groups()
        if name == "kind" and value not in _KINDS:
            raise InvalidInputError(
                f"--set {column}.kind wants one of: {', '.join(_KINDS)}.",
                next_step=f"for example --set {column}.kind={_KINDS[0]}",
            )
        found.setdefault(column, {})[name] = value
    return found


def parse_missing(texts: Iterable[str]) -> tuple[str, ...]:
    """Read what means "missing" in a file.

    Raises
    ------
    InvalidInputError
        If a text is blank or cannot be shown.
    """
    found = tuple(dict.fromkeys(text.strip(BLANKS) for text in texts))
    if not all(text and text.isprintable() and len(text) <= _MAX_CHARACTERS for text in found):
        raise InvalidInputError(
            "--missing wants a text that can be printed; empty cells are missing anyway.",
            next_step="for example --missing unknown, or --missing=-999",
        )
    return found


def reads_as_missing(column: Column, policies: Policies) -> bool:
    """Whether a policy makes values of a column missing, so that it must be allowed to be."""
    if policies.unseen_category == "as_missing" and column.categories is not None:
        return True
    bounded = column.minimum is not None or column.maximum is not None
    return policies.out_of_range == "as_missing" and bounded


def settle(column: Column, settings: Mapping[str, str]) -> Column:
    """Return a column with the fields that a person has set.

    Raises
    ------
    InvalidInputError
        If a value does not suit its field, or its column's kind.
    """
    values: dict[str, object] = column.model_dump()
    for name, text in settings.items():
        if name != "kind":
            values[name] = _parse_value(column.name, name, text)
    try:
        return Column.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInputError(
            f"Column {column.name!r} cannot be as --set says: {describe_rule(first)}.",
            next_step="Correct that setting, or leave it out.",
        ) from None


def _parse_value(column: str, name: str, text: str) -> object:
    if name == "categories":
        return tuple(text.split(",")) if text != "any" else None
    if name in ("minimum", "maximum"):
        try:
            return None if text == "none" else float(text)
        except ValueError:
            wanted = "a number, or none"
    elif text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    else:
        wanted = "yes or no"
    raise InvalidInputError(
        f"--set {column}.{name} wants {wanted}.", next_step="Correct that setting."
    )
