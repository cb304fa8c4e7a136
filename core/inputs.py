"""Records become model inputs here, and nowhere else.

Training and serving must read a record in the same way, or a model answers another question
than the one it was fitted to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.closest import find_closest
from core.columns import make_fillers
from core.errors import InvalidInputError
from core.values import Reader, plain_text, read_columns

if TYPE_CHECKING:
    from core.contract import Column, Contract

__all__ = [
    "MAX_VIOLATIONS", "CodedInputs", "ContractViolationError", "Encoder", "InputWarning",
    "ModelInputs", "Violation", "code_inputs", "encode_columns", "encode_records", "list_labels",
    "plain_text",
]  # fmt: skip

MAX_VIOLATIONS = 100
"""How many broken rules are told at once; more help nobody."""

_MAX_GUESSES = 3
"""Unknown fields for which the one that was meant is looked for: 0.1 s each among 1,000 columns."""

_FEW = 4
"""Rows that are encoded one by one."""

_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class ModelInputs:
    """What a model's graph is fed.

    Attributes
    ----------
    numeric : float32 array of shape (n_rows, n_numeric)
        Numbers and booleans (0 or 1), in the order of ``contract.numeric_columns``; NaN is
        missing.
    strings : object array of shape (n_rows, n_strings)
        Categories and texts as `str`, in the order of ``contract.string_columns``; ``""`` is
        missing.
    """

    numeric: NDArray[np.float32]
    strings: NDArray[np.object_]

    def __len__(self) -> int:
        return int(self.numeric.shape[0])

    def feed(self, rows: slice = _ALL) -> dict[str, NDArray[Any]]:
        """Return what a graph is given for some of the rows."""
        return {"numeric": self.numeric[rows], "strings": self.strings[rows]}


@dataclass(frozen=True, slots=True)
class CodedInputs:
    """What a graph for batch scoring may be fed: of each category its place, not its text.

    Attributes
    ----------
    numeric : float32 array of shape (n_rows, n_numeric)
        As in `ModelInputs`.
    codes : int64 array of shape (n_rows, n_strings)
        Places in `list_labels`, in the order of ``contract.string_columns``; of a category that the
        contract does not list, the place after the last.
    """

    numeric: NDArray[np.float32]
    codes: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.numeric.shape[0])

    def feed(self, rows: slice = _ALL) -> dict[str, NDArray[Any]]:
        """Return what a graph is given for some of the rows."""
        return {"numeric": self.numeric[rows], "codes": self.codes[rows]}


def list_labels(column: "Column") -> tuple[str, ...]:
    """Return the categories of a column in their places, ``""`` for a missing one after them.

    >>> from core.contract import Column
    >>> list_labels(Column(name="plan", kind="categorical", categories=("pro", "basic")))
    ('pro', 'basic', '')
    """
    return (*(column.categories or ()), "")


def code_inputs(inputs: ModelInputs, contract: "Contract") -> CodedInputs:
    """Write each category as its place in the contract."""
    codes = np.empty(inputs.strings.shape, np.int64)
    for place, column in enumerate(contract.string_columns):
        labels = list_labels(column)
        code_of = {label: code for code, label in enumerate(labels)}
        texts = inputs.strings[:, place].tolist()
        codes[:, place] = [code_of.get(text, len(labels)) for text in texts]
    return CodedInputs(inputs.numeric, codes)


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule and its place; never the value."""

    row: int
    field: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class InputWarning:
    """Something that a model was not fitted to, but that it may be asked: told in the answer.

    `rule` also says what the contract's policy made of it.
    """

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

    def renumber(self, rows: Sequence[int]) -> "ContractViolationError":
        """Return the same of records that were picked from others, given their rows in these."""
        return ContractViolationError(
            [Violation(rows[found.row], found.field, found.rule) for found in self.violations]
        )


class Encoder:
    """Turns rows into a model's inputs, strictly.

    Making one costs more than encoding a row, so whoever encodes often keeps it.

    Parameters
    ----------
    contract : Contract
        What the rows must look like.
    """

    def __init__(self, contract: "Contract") -> None:
        self._readers = read_columns(contract)
        fillers = make_fillers(contract)
        self._numeric = [fillers[column.name] for column in contract.numeric_columns]
        self._strings = [fillers[column.name] for column in contract.string_columns]
        self._names = tuple(fillers)

    def encode_records(
        self, records: Sequence[Mapping[str, object]]
    ) -> tuple[ModelInputs, list[InputWarning]]:
        """Encode records; see the function of the same name."""
        if len(records) <= _FEW and (inputs := self._encode_few(records)):
            return inputs, []
        columns = _turn(records, self._names)
        encoded = columns and self._encode(columns, rows=len(records))
        return encoded or self._encode_carefully(records)

    def encode_columns(
        self, columns: Mapping[str, Sequence[object]], *, rows: int
    ) -> tuple[ModelInputs, list[InputWarning]]:
        """Encode columns; see the function of the same name."""
        absent: Sequence[object] = (None,) * rows
        if columns.keys() <= self._readers.keys():
            every = {name: columns.get(name, absent) for name in self._names}
            if encoded := self._encode(every, rows=rows):
                return encoded
        names = tuple(columns)
        turned = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return self._encode_carefully(turned or [{}] * rows)

    def _encode_few(self, records: Sequence[Mapping[str, object]]) -> ModelInputs | None:
        """Encode rows that are plainly right; for a few, columns cost more than they save."""
        numbers, texts = [], []
        for record in records:
            if not record.keys() <= self._readers.keys():
                return None
            number_row = [filler.read_plain(record.get(filler.name)) for filler in self._numeric]
            text_row = [filler.read_plain(record.get(filler.name)) for filler in self._strings]
            if None in number_row or None in text_row:
                return None
            numbers.append(number_row)
            texts.append(text_row)
        rows = len(records)
        return ModelInputs(
            np.array(numbers, np.float32).reshape(rows, len(self._numeric)),
            np.array(texts, np.object_).reshape(rows, len(self._strings)),
        )

    def _encode(
        self, columns: Mapping[str, Sequence[object]], *, rows: int
    ) -> tuple[ModelInputs, list[InputWarning]] | None:
        numeric = np.full((len(self._numeric), rows), np.nan, np.float32)
        strings = np.full((len(self._strings), rows), "", np.object_)
        warnings = []
        for cells, fillers in ((numeric, self._numeric), (strings, self._strings)):
            for place, filler in enumerate(fillers):
                notes = filler.fill(columns[filler.name], cells[place])
                if notes is None:
                    return None
                warnings += [InputWarning(row, filler.name, rule) for row, rule in notes]
        if warnings:
            warnings.sort(key=lambda warning: warning.row)
        turned = ModelInputs(np.ascontiguousarray(numeric.T), np.ascontiguousarray(strings.T))
        return turned, warnings

    def _encode_carefully(
        self, records: Sequence[Mapping[str, object]]
    ) -> tuple[ModelInputs, list[InputWarning]]:
        """Encode value by value, or say which rules are broken."""
        violations = list(islice(_find_violations(self._readers, records), MAX_VIOLATIONS))
        if violations:
            raise ContractViolationError(violations)
        numeric = np.full((len(records), len(self._numeric)), np.nan, np.float32)
        strings = np.full((len(records), len(self._strings)), "", np.object_)
        warnings: list[InputWarning] = []
        for arrays, fillers in ((numeric, self._numeric), (strings, self._strings)):
            for place, filler in enumerate(fillers):
                warnings += _fill(arrays[:, place], self._readers[filler.name], records)
        return ModelInputs(numeric, strings), sorted(warnings, key=lambda warning: warning.row)


def encode_records(
    contract: "Contract", records: Sequence[Mapping[str, object]]
) -> tuple[ModelInputs, list[InputWarning]]:
    """Turn records into a model's inputs, strictly.

    A value that the contract does not expect is treated as validation treats it in a file: the
    policies ``as_missing`` and ``clip`` change it. ``reject`` keeps a row out of training; a caller
    gets an answer all the same, with a warning.

    Parameters
    ----------
    contract : Contract
        What the records must look like.
    records : sequence of mapping
        One mapping of field names to JSON scalars for each row. A number is an `int` or `float`
        (not ``true``, not ``"1.5"``), a boolean is ``true`` or ``false``, a category or text is a
        string; a nullable field may be null or absent. What the contract calls missing is missing
        here too.

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
    return Encoder(contract).encode_records(records)


def encode_columns(
    contract: "Contract", columns: Mapping[str, Sequence[object]], *, rows: int
) -> tuple[ModelInputs, list[InputWarning]]:
    """Turn columns into a model's inputs, as strictly as `encode_records`.

    Parameters
    ----------
    contract : Contract
        What the rows must look like.
    columns : mapping of str to sequence
        Values by the name of their column, `rows` of each: JSON scalars, None where missing. A
        column that is not named is missing in every row.
    rows : int
        Number of rows.

    Returns
    -------
    inputs : ModelInputs
    warnings : list of InputWarning

    Raises
    ------
    ContractViolationError
        If a rule is broken anywhere. A column that is not in the contract is named at every row.
    """
    return Encoder(contract).encode_columns(columns, rows=rows)


def _turn(
    records: Sequence[Mapping[str, object]], names: tuple[str, ...]
) -> dict[str, Sequence[object]] | None:
    """Turn records into columns; None if one holds a field that is not among the names."""
    if not records:
        return dict.fromkeys(names, ())
    try:
        read = itemgetter(*names)
        rows = [read(record) for record in records]
        if len(names) == 1:
            rows = [(value,) for value in rows]
        if set(map(len, records)) != {len(names)}:
            return None
    except KeyError:
        known = frozenset(names)
        if not all(known.issuperset(record) for record in records):
            return None
        rows = [tuple(map(record.get, names)) for record in records]
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _fill(
    cells: NDArray[Any], reader: Reader, records: Sequence[Mapping[str, object]]
) -> Iterator[InputWarning]:
    name = reader.column.name
    for row, record in enumerate(records):
        value = record.get(name)
        if value is None:
            continue
        found, note = reader.read(value)
        if found is not None:
            cells[row] = found
        if note:
            yield InputWarning(row, name, note)


def _find_violations(
    readers: Mapping[str, Reader], records: Sequence[Mapping[str, object]]
) -> Iterator[Violation]:
    known, unknown = sorted(readers), count()
    for row, record in enumerate(records):
        for name in record:
            if name not in readers:
                close = _guess_field(name, known) if next(unknown) < _MAX_GUESSES else None
                yield Violation(row, None, _describe_unknown(close))
        for name, reader in readers.items():
            if rule := reader.find_fault(record.get(name)):
                yield Violation(row, name, rule)


def _guess_field(name: str, known: Sequence[str]) -> str | None:
    if len(name) > 128:
        return None
    return find_closest(name, known)


def _describe_unknown(close: str | None) -> str:
    """Name the closest field of the contract; the unknown name itself is not ours to repeat."""
    rule = "holds a field that is not in the contract"
    return f"{rule}; was {close!r} meant?" if close else rule
