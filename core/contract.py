"""The data contract: what one dataset looks like, and what a model of it takes."""

import hashlib
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from core.contract_view import BLANKS, MISSING_MARKERS, ContractView
from core.errors import InvalidInputError
from core.keys import NAME_PATTERN
from core.strict_json import canonical_json, describe_place, describe_rule, parse_json

__all__ = [
    "BLANKS", "MAX_CATEGORIES", "MAX_COLUMNS", "MAX_CONTRACT_BYTES", "MAX_MISSING",
    "MISSING_MARKERS", "Column", "Contract", "FileFormat", "Kind", "Label", "Policies", "Task",
    "TimeFormat",
]  # fmt: skip

Kind = Literal["numeric", "categorical", "boolean", "text"]
Task = Literal["binary", "multiclass", "regression"]
TimeFormat = Literal["iso", "day_first", "month_first", "number"]
"""How a point in time is written: 2024-01-31, 31.01.2024, 01/31/2024, or a number that grows."""

MAX_CONTRACT_BYTES = 4 * 1024 * 1024
MAX_COLUMNS = 2000
MAX_CATEGORIES = 1000
MAX_MISSING = 50


def _check_label(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be printable and have no space at either end")
    return text


Label = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_check_label)]
"""A column's name, a category or a class: not empty, because empty means missing."""


class Column(BaseModel):
    """One feature.

    Attributes
    ----------
    name : str
        Its name in the file and in a request.
    kind : {'numeric', 'categorical', 'boolean', 'text'}
        What its values are. Of a text the words count, of a category the whole.
    nullable : bool
        Whether it may be missing.
    minimum, maximum : float or None
        Range of a numeric column, both ends allowed.
    categories : tuple of str or None
        What a categorical column may hold; None allows anything.
    sensitive : bool
        Whether it tells of a protected trait.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Label
    kind: Kind
    nullable: bool = True
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    categories: Annotated[tuple[Label, ...], Field(max_length=MAX_CATEGORIES)] | None = None
    sensitive: bool = False

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        if self.kind != "numeric" and (self.minimum is not None or self.maximum is not None):
            raise ValueError("only a numeric column has a minimum or maximum")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum must not be above maximum")
        if self.categories is None:
            return self
        if self.kind != "categorical":
            raise ValueError("only a categorical column has categories")
        if not self.categories or len(set(self.categories)) < len(self.categories):
            raise ValueError("categories must be one or more, each named once")
        return self


class Policies(BaseModel):
    """What validation does with a value that the contract does not expect.

    ``reject`` sends the row to the quarantine, ``as_missing`` keeps the row without the value (a
    column that may not be missing still rejects it), ``clip`` takes the nearest end of the range.
    Whatever is changed so is counted in the dataset version's summary.

    Attributes
    ----------
    unseen_category : {'reject', 'as_missing'}
        For a text that is none of a column's categories.
    out_of_range : {'reject', 'as_missing', 'clip'}
        For a number below a column's minimum or above its maximum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    unseen_category: Literal["reject", "as_missing"] = "reject"
    out_of_range: Literal["reject", "as_missing", "clip"] = "reject"


class FileFormat(BaseModel):
    """How a dataset's CSV files are written; a Parquet file says so itself.

    Attributes
    ----------
    delimiter : {',', ';', tab, '|'} or None
        What stands between two fields; None takes what cuts the first row into the most.
    encoding : {'utf-8', 'latin-1', 'windows-1252'}
        How characters are written. A file that is UTF-8 is read as that in any case.
    header : bool
        Whether the first row names the columns; without, they are column_1, column_2, ….
    decimal : {'.', ','}
        What stands before the fraction of a number.
    thousands : {',', '.', ' ', apostrophe} or None
        What may stand between thousands; a blank may be one that does not break.
    units : tuple of {'$', '€', '£', '¥', '%'}
        Signs that may stand before or after a number, which is read without them: 12% is 12.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: Literal["utf-8", "latin-1", "windows-1252"] = "utf-8"
    header: bool = True
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    units: tuple[Literal["$", "€", "£", "¥", "%"], ...] = ()

    @model_validator(mode="after")
    def _check_marks(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must not be the same mark")
        return self


class Contract(ContractView, BaseModel):
    """The declared schema of one dataset.

    Attributes
    ----------
    dataset : str
        Name of the dataset, and of its model.
    task : {'binary', 'multiclass', 'regression'}
        What is predicted.
    target : str
        The column that is predicted.
    classes : tuple of str
        The target's values; empty for a regression. For a binary task the positive class is the
        last. A model's probabilities come in this order.
    columns : tuple of Column
        The features, in the order of the file.
    identifier : str or None
        The column that names a row.
    ignored : tuple of str
        Columns in the file that are neither.
    group : str or None
        The column whose equal values hold rows together: all of a customer's rows are either
        trained on or held out. No feature.
    time : str or None
        The column that says when a row was observed: the latest rows are held out. No feature.
    time_format : {'iso', 'day_first', 'month_first', 'number'}
        How `time` is written.
    policies : Policies
        What becomes of a row with a value that the contract does not expect.
    missing : tuple of str
        What means "not known" in this dataset, such as ``unknown`` or ``-999``, beside what does
        in all: empty, ``NA``, ``null``, ``?`` and the like.
    file : FileFormat
        How the dataset's files are written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    dataset: Annotated[str, Field(pattern=NAME_PATTERN)]
    task: Task
    target: Label
    classes: Annotated[tuple[Label, ...], Field(max_length=MAX_CATEGORIES)] = ()
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=MAX_COLUMNS)]
    identifier: Label | None = None
    ignored: Annotated[tuple[Label, ...], Field(max_length=MAX_COLUMNS)] = ()
    group: Label | None = None
    time: Label | None = None
    time_format: TimeFormat = "iso"
    policies: Policies = Policies()
    missing: Annotated[tuple[Label, ...], Field(max_length=MAX_MISSING)] = ()
    file: FileFormat = FileFormat()

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes must each be named once")
        count = len(self.classes)
        if self.task == "binary" and count != 2:
            raise ValueError("a binary task has 2 classes, the positive one last")
        if self.task == "multiclass" and count < 3:
            raise ValueError("a multiclass task has 3 classes or more")
        if self.task == "regression" and count:
            raise ValueError("a regression has no classes")
        return self

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        seen = {self.target}
        others = [*filter(None, (self.identifier, self.group, self.time)), *self.ignored]
        for name in [column.name for column in self.columns] + others:
            if name in seen:
                raise ValueError(
                    "target, identifier, group, time, columns and ignored must name each column"
                    " once"
                )
            seen.add(name)
        return self

    def to_json(self) -> bytes:
        """Return the one way to write this contract: sorted keys, no spaces, UTF-8."""
        return canonical_json(self.model_dump(mode="json"))

    def sha256(self) -> str:
        """Return the SHA-256 of the contract's JSON, in hex."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a contract.

        Raises
        ------
        InvalidInputError
            If it is not one; the message names the field and the rule, never the value.
        """
        content = parse_json(body, max_bytes=MAX_CONTRACT_BYTES)
        return cls.from_content(content)

    @classmethod
    def from_content(cls, content: object) -> Self:
        """Read a contract from parsed JSON; see `from_json`."""
        try:
            return cls.model_validate_json(canonical_json(content))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = describe_place(first["loc"])
            raise InvalidInputError(
                f"The data contract is wrong at {place}: {describe_rule(first)}.",
                next_step="Correct that field of the contract and try again.",
            ) from None
