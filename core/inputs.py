"""Records become model inputs here, and nowhere else.

Training and serving must read a record in the same way, or a model answers another question
than the one it was fitted to.
"""

import difflib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import Column, Contract
from core.errors import InvalidInputError

MAX_VIOLATIONS = 100
"""How many broken rules are told at once; more help nobody."""

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_EXACT_INTEGER = 2**24


@dataclass(frozen=True, slots=True)
class ModelInputs:
    """What a model's graph is fed.

    Attributes
    ----------
    numeric : float32 array of shape (n_rows, n_numeric)
        Numbers and booleans (0 or 1), in the order of ``contract.numeric_columns``; NaN is
        missing.
    strings : object array of shape (n_rows, n_strings)
        Categories as `str`, in the order of ``contract.string_columns``; ``""`` is missing.
    """

    numeric: NDArray[np.float32]
    strings: NDArray[np.object_]

    def __len__(self) -> int:
        return int(self.numeric.shape[0])


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule and its place; never the value."""

    row: int
    field: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class InputWarning:
    """Something that a model was not fitted to, but that it may be asked: told in the answer."""

    row: int
    field: str
    rule: str


class ContractViolationError(InvalidInputError):
    """Records break the contract.

    Attributes
    ----------
    violations : tuple of Violation
        The first `MAX_VIOLATIONS` of them.
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        first = self.violations[0]
        place = f"row {first.row}" + (f", field {first.field!r}" if first.field else "")
        super().__init__(f"The records break the data contract: {place}: {first.rule}.")


def encode_records(
    contract: Contract, records: Sequence[Mapping[str, object]]
) -> tuple[ModelInputs, list[InputWarning]]:
    """Turn records into a model's inputs, strictly.

    Parameters
    ----------
    contract : Contract
        What the records must look like.
    records : sequence of mapping
        One mapping of field names to JSON scalars for each row. A number is an `int` or `float`
        (not ``true``, not ``"1.5"``), a boolean is ``true`` or ``false``, a category is a
        string; a nullable field may be null or absent.

    Returns
    -------
    inputs : ModelInputs
        One row for each record.
    warnings : list of InputWarning
        Values outside the contract's range or categories, and whole numbers that a float32
        cannot hold exactly; in the order of the rows.

    Raises
    ------
    ContractViolationError
        If a rule is broken anywhere.
    """
    violations = list(islice(_find_violations(contract, records), MAX_VIOLATIONS))
    if violations:
        raise ContractViolationError(violations)
    numeric = np.full((len(records), len(contract.numeric_columns)), np.nan, np.float32)
    strings = np.full((len(records), len(contract.string_columns)), "", np.object_)
    for position, column in enumerate(contract.numeric_columns):
        for row, record in enumerate(records):
            number: Any = record.get(column.name)
            if number is not None:
                numeric[row, position] = number
    for position, column in enumerate(contract.string_columns):
        for row, record in enumerate(records):
            strings[row, position] = record.get(column.name) or ""
    return ModelInputs(numeric, strings), list(_find_warnings(contract, records))


def _find_violations(
    contract: Contract, records: Sequence[Mapping[str, object]]
) -> Iterator[Violation]:
    known = {column.name for column in contract.columns}
    checks = [(column, _RULES[column.kind]) for column in contract.columns]
    for row, record in enumerate(records):
        for name in record:
            if name not in known:
                yield Violation(row, None, _describe_unknown(name, known))
        for column, check in checks:
            value = record.get(column.name)
            if value is None:
                if not column.nullable:
                    yield Violation(row, column.name, "is required")
            elif rule := check(value):
                yield Violation(row, column.name, rule)


def _describe_unknown(name: str, known: set[str]) -> str:
    """Name the closest field of the contract; the unknown name itself is not ours to repeat."""
    rule = "holds a field that is not in the contract"
    close = difflib.get_close_matches(name[:128], sorted(known), n=1) if len(name) <= 128 else []
    return f"{rule}; was {close[0]!r} meant?" if close else rule


def _check_number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if not -_FLOAT32_MAX <= value <= _FLOAT32_MAX:
        return "must lie between -3.4e38 and 3.4e38"
    return None


def _check_boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _check_text(value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be an empty string; send null when it is not known"
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return "must be valid Unicode text"
    return "must not hold a NUL character" if "\0" in value else None


_RULES: dict[str, Callable[[object], str | None]] = {
    "numeric": _check_number,
    "boolean": _check_boolean,
    "categorical": _check_text,
    "text": _check_text,
}


def _find_warnings(
    contract: Contract, records: Sequence[Mapping[str, object]]
) -> Iterator[InputWarning]:
    numeric = [column for column in contract.columns if column.kind == "numeric"]
    allowed = [(c.name, frozenset(c.categories)) for c in contract.columns if c.categories]
    for row, record in enumerate(records):
        for column in numeric:
            value = record.get(column.name)
            if isinstance(value, int | float) and (rule := _describe_number(column, value)):
                yield InputWarning(row, column.name, rule)
        for name, categories in allowed:
            category = record.get(name)
            if category is not None and category not in categories:
                yield InputWarning(row, name, "is a category that the contract does not list")


def _describe_number(column: Column, value: float) -> str | None:
    if column.minimum is not None and value < column.minimum:
        return f"is below the contract's minimum of {column.minimum:g}"
    if column.maximum is not None and value > column.maximum:
        return f"is above the contract's maximum of {column.maximum:g}"
    if isinstance(value, int) and abs(value) > _EXACT_INTEGER and float(np.float32(value)) != value:
        return "is rounded: the model reads about 7 digits"
    return None
