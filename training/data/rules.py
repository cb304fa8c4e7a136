"""The rules of a data contract as SQL over text cells: a cell's value, and what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.contract import Column, Contract, Policies, TimeFormat
from training.data.cells import (
    LARGEST_FLOAT32,
    Manner,
    fast_number,
    is_missing_number,
    is_unclear,
    known_number,
    known_text,
    manner_of,
    moment,
    quick_truth,
    quote_name,
    quote_text,
    quote_texts,
    truth,
)

__all__ = [
    "EXACT_INTEGER", "Cell", "describe_feature", "describe_group", "describe_identifier",
    "describe_target", "describe_time", "quote_name", "quote_text", "read_cells",
]  # fmt: skip

EXACT_INTEGER = 2**24
"""Up to here float32 holds every whole number."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row, as SQL expressions in steps, each of which sees those before it.

    A step is made for a whole column at once, so that what is true of nearly all cells is found
    out cheaply and the rest is looked at closely.

    Attributes
    ----------
    name : str
        The column's name.
    raw : str
        SQL name of its text in the file.
    first : str
        A first, cheap reading of the text; NULL where that was not possible. `read_cells` makes
        the column ``{raw}_first`` of it.
    read : str
        The value as the file says it, from the text and the first reading; NULL when missing or
        no value of this kind. `read_cells` makes the column ``{raw}_read`` of it.
    value : str
        The value as the contract's policies leave it, from what was read.
    doubt : str
        Whether there may be a fault: a cheap question, so that few rows are asked for theirs.
    fault : str
        The reason why the row breaks the contract, from the text and what was read; NULL when it
        does not.
    changed : str
        Whether a policy has changed the value, from the text and what was read; empty when none
        can.
    rounded : str
        Whether it is a whole number that float32 cannot hold; empty when it cannot be.
    """

    name: str
    raw: str
    first: str
    read: str
    value: str
    doubt: str
    fault: str
    changed: str = ""
    rounded: str = ""


def describe_feature(
    column: Column, cell: str, contract: Contract, *, underscores: bool = True
) -> Cell:
    """Return how to read a feature.

    Parameters
    ----------
    cell : str
        The SQL name of its raw text.
    underscores : bool
        Whether the text may hold an underscore.
    """
    missing = "NULL" if column.nullable else "'missing'"
    manner = manner_of(contract)
    if column.kind == "numeric":
        number = _Number(cell, manner, underscores=underscores)
        return _describe_number(column, number, contract.policies, missing=missing)
    if column.kind == "boolean":
        closely = _closely(cell, truth(known_text(cell, manner)))
        fault = _fault(cell, manner, missing, "not a boolean")
        doubt = _doubt(cell, missing)
        return Cell(column.name, cell, quick_truth(cell), closely, f"{cell}_read", doubt, fault)
    if column.categories:
        return _describe_category(column, cell, contract, missing=missing)
    return _describe_text(column.name, cell, manner, missing=missing)


def describe_target(contract: Contract, cell: str, *, underscores: bool = True) -> Cell:
    """Return how to read the target: a class, or a number (DOUBLE)."""
    name, read, manner = contract.target, f"{cell}_read", manner_of(contract)
    if contract.task == "regression":
        number = _Number(cell, manner, underscores=underscores)
        fault = number.fault("'missing target'", "target is not a number")
        fault = f"CASE WHEN {number.too_large} THEN 'target is not a number' ELSE {fault} END"
        doubt = f"NOT coalesce(abs({read}) <= {LARGEST_FLOAT32!r}, FALSE)"
        return Cell(name, cell, number.first, number.read, read, doubt, fault)
    labels = contract.classes
    fault = _fault(cell, manner, "'missing target'", "unknown class", declared=labels)
    return Cell(name, cell, *_read_label(cell, manner, labels), read, f"{read} IS NULL", fault)


def describe_identifier(contract: Contract, cell: str) -> Cell:
    """Return how to read the identifier; duplicates are found among the good rows."""
    missing = "'missing identifier'"
    return _describe_text(contract.identifier or "", cell, manner_of(contract), missing=missing)


def describe_group(contract: Contract, cell: str) -> Cell:
    """Return how to read the column that holds rows together."""
    return _describe_text(
        contract.group or "", cell, manner_of(contract), missing="'missing group'"
    )


def describe_time(name: str, cell: str, time_format: TimeFormat, manner: Manner) -> Cell:
    """Return how to read the time of a row: seconds since 1970 (DOUBLE), or its number."""
    fault = _fault(cell, manner, "'missing time'", "not a time")
    read = f"{cell}_read"
    time = moment(f"{cell}_first", time_format, manner)
    return Cell(name, cell, known_text(cell, manner), time, read, f"{read} IS NULL", fault)


def read_cells(cells: Iterable[Cell], source: str) -> str:
    """Return the SQL of the rows of `source` with ``{raw}_first`` and ``{raw}_read`` added."""
    cells = list(cells)
    first = ", ".join(f"{cell.first} AS {cell.raw}_first" for cell in cells)
    read = ", ".join(f"{cell.read} AS {cell.raw}_read" for cell in cells)
    return f"(SELECT *, {read} FROM (SELECT *, {first} FROM {source}))"  # noqa: S608


class _Number:
    """The SQL of a number in a cell: a cast for nearly all, a close look at the others."""

    def __init__(self, cell: str, manner: Manner, *, underscores: bool) -> None:
        self.cell = cell
        self._manner = manner
        self.first = fast_number(cell, manner)
        # A cast takes what is no number here: infinities, and digits with underscores.
        unsure = [f"NOT coalesce(abs({cell}_first) <= {LARGEST_FLOAT32!r}, FALSE)"]
        unsure += [f"contains({cell}, '_')"] * underscores
        if manner.missing_numbers:
            unsure.append(is_missing_number(f"{cell}_first", manner))
        # Where all cells are sure, duckdb takes the first reading as it is, without a copy.
        self.read = (
            f"CASE WHEN {cell} IS NOT NULL AND ({' OR '.join(unsure)})"
            f" THEN {known_number(cell, manner)} ELSE {cell}_first END"
        )
        self.too_large = f"abs({cell}_read) > {LARGEST_FLOAT32!r}"

    def fault(self, missing: str, wrong: str) -> str:
        if not self._manner.missing_numbers:
            return _fault(self.cell, self._manner, missing, wrong)
        anything = Manner(self._manner.file, ("",))
        number = known_number(self.cell, anything)
        is_marker = f"coalesce({is_missing_number(number, self._manner)}, FALSE)"
        other = _fault(self.cell, self._manner, missing, wrong)
        return f"CASE WHEN {self.cell}_read IS NULL AND {is_marker} THEN {missing} ELSE {other} END"


def _describe_number(column: Column, number: _Number, policies: Policies, *, missing: str) -> Cell:
    cell, value, wrong, changed = number.cell, f"{number.cell}_read", number.too_large, ""
    lowest = highest = None
    if outside := _outside(column, value):
        if policies.out_of_range == "clip":
            changed, value = f"({outside}) AND NOT {wrong}", _clip(column, value)
        elif policies.out_of_range == "as_missing" and column.nullable:
            changed = f"({outside}) AND NOT {wrong}"
            value = f"CASE WHEN NOT ({outside}) THEN {value} END"
        else:
            wrong += f" OR {outside}"
            lowest, highest = column.minimum, column.maximum
    low = -LARGEST_FLOAT32 if lowest is None else lowest
    high = LARGEST_FLOAT32 if highest is None else highest
    good = f"{cell}_read BETWEEN {low!r}::DOUBLE AND {high!r}::DOUBLE"
    absent = f"{cell} IS NULL" if column.nullable else "FALSE"
    other = number.fault(missing, "not a number")
    return Cell(
        name=column.name,
        raw=cell,
        first=number.first,
        read=number.read,
        value=f"TRY_CAST({value} AS FLOAT)",
        doubt=f"NOT coalesce({good}, {absent})",
        fault=f"CASE WHEN {wrong} THEN 'out of range' ELSE {other} END",
        changed=changed,
        rounded=_is_rounded(f"{cell}_read") if _may_be_rounded(column) else "",
    )


def _may_be_rounded(column: Column) -> bool:
    limits = (column.minimum, column.maximum)
    return any(limit is None or abs(limit) > EXACT_INTEGER for limit in limits)


def _is_rounded(number: str) -> str:
    return (
        f"CASE WHEN abs({number}) > {EXACT_INTEGER} THEN {number} = floor({number})"
        f" AND CAST(TRY_CAST({number} AS FLOAT) AS DOUBLE) <> {number} END"
    )


def _describe_text(name: str, cell: str, manner: Manner, *, missing: str) -> Cell:
    read = f"CASE WHEN {cell}_first THEN {known_text(cell, manner)} ELSE {cell} END"
    fault = f"CASE WHEN {cell}_read IS NULL THEN {missing} END"
    doubt = _doubt(cell, missing)
    return Cell(name, cell, is_unclear(cell, manner), read, f"{cell}_read", doubt, fault)


def _describe_category(column: Column, cell: str, contract: Contract, *, missing: str) -> Cell:
    labels, manner = column.categories or (), manner_of(contract)
    fault, changed = _fault(cell, manner, missing, "unknown category", declared=labels), ""
    if contract.policies.unseen_category == "as_missing" and column.nullable:
        known = known_text(cell, manner, declared=labels)
        fault, changed = "NULL", f"{cell}_read IS NULL AND {known} IS NOT NULL"
    steps, doubt = _read_label(cell, manner, labels), _doubt(cell, missing)
    return Cell(column.name, cell, *steps, f"{cell}_read", doubt, fault, changed)


def _outside(column: Column, number: str) -> str:
    below = [f"{number} < {column.minimum!r}::DOUBLE"] * (column.minimum is not None)
    above = [f"{number} > {column.maximum!r}::DOUBLE"] * (column.maximum is not None)
    return " OR ".join(below + above)


def _clip(column: Column, number: str) -> str:
    clipped = number
    if column.minimum is not None:
        clipped = f"greatest({clipped}, {column.minimum!r}::DOUBLE)"
    if column.maximum is not None:
        clipped = f"least({clipped}, {column.maximum!r}::DOUBLE)"
    # Of a number and NULL, greatest and least take the number.
    return f"CASE WHEN {number} IS NOT NULL THEN {clipped} END"


def _closely(cell: str, value: str) -> str:
    return (
        f"CASE WHEN {cell}_first IS NULL AND {cell} IS NOT NULL THEN {value} ELSE {cell}_first END"
    )


def _read_label(cell: str, manner: Manner, labels: Iterable[str]) -> tuple[str, str]:
    """Return both steps to read one of a few texts, which then takes as much room as a number."""
    labels = tuple(labels)
    kind = f"ENUM({quote_texts(sorted(labels))})"
    known = known_text(cell, manner, declared=labels)
    return f"TRY_CAST({cell} AS {kind})", _closely(cell, f"TRY_CAST({known} AS {kind})")


def _doubt(cell: str, missing: str) -> str:
    # An empty cell is NULL from the start, and no fault where the column may be missing.
    return f"{cell}_read IS NULL" + (f" AND {cell} IS NOT NULL" if missing == "NULL" else "")


def _fault(
    cell: str, manner: Manner, missing: str, wrong: str, *, declared: Iterable[str] = ()
) -> str:
    known = known_text(cell, manner, declared=declared)
    return (
        f"CASE WHEN {cell}_read IS NULL THEN"
        f" CASE WHEN {known} IS NULL THEN {missing} ELSE {quote_text(wrong)} END END"
    )
