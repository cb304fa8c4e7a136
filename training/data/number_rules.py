"""The rules of numbers as SQL: ranges, policies, and what float32 cannot hold."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from core.contract import Column, Policies
from core.values import LARGEST_FLOAT32
from training.data.cells import (
    Manner,
    as_text,
    fast_number,
    is_missing_number,
    is_odd,
    known_number,
)
from training.data.checked_cell import Cell, ask_doubt, find_fault

EXACT_INTEGER: Final = 2**24
"""Up to here float32 holds every whole number."""


class Number:
    """The SQL of a number in a cell: a cast for nearly all, a close look at the others."""

    def __init__(
        self, cell: str, manner: Manner, *, odd_marks: Sequence[str], kind: str = "VARCHAR"
    ) -> None:
        self.cell = cell
        self._manner = manner
        is_text = kind == "VARCHAR"
        self._text = cell if is_text else as_text(cell, kind)
        self.first = fast_number(cell, manner) if is_text else f"CAST({cell} AS DOUBLE)"
        # A cast takes what is no number here: infinities, and texts with odd marks.
        unsure = [f"NOT coalesce(abs({cell}_first) <= {LARGEST_FLOAT32!r}, FALSE)"]
        if is_text and odd_marks:
            unsure.append(is_odd(cell, odd_marks))
        if manner.missing_numbers:
            unsure.append(is_missing_number(f"{cell}_first", manner))
        # Where all cells are sure, duckdb takes the first reading as it is, without a copy.
        self.read = (
            f"CASE WHEN {cell} IS NOT NULL AND ({' OR '.join(unsure)})"
            f" THEN {known_number(self._text, manner)} ELSE {cell}_first END"
        )
        self.too_large = f"abs({cell}_read) > {LARGEST_FLOAT32!r}"

    def fault(self, missing: str, wrong: str) -> str:
        """Return the SQL of the fault of a cell that was not read."""
        other = find_fault(self.cell, self._manner, missing, wrong, text=self._text)
        if not self._manner.missing_numbers:
            return other
        anything = Manner(self._manner.file, ())
        number = known_number(self._text, anything)
        is_marker = f"coalesce({is_missing_number(number, self._manner)}, FALSE)"
        return f"CASE WHEN {self.cell}_read IS NULL AND {is_marker} THEN {missing} ELSE {other} END"


def describe_number(column: Column, number: Number, policies: Policies, *, missing: str) -> Cell:
    """Return how to read a numeric feature, and what the policies make of it."""
    cell, value, wrong, changed = number.cell, f"{number.cell}_read", number.too_large, ""
    low, high = -LARGEST_FLOAT32, LARGEST_FLOAT32
    if outside := _outside(column, value):
        if policies.out_of_range == "clip":
            changed, value = f"({outside}) AND NOT {wrong}", _clip(column, value)
        elif policies.out_of_range == "as_missing" and column.nullable:
            changed = f"({outside}) AND NOT {wrong}"
            value = f"CASE WHEN NOT ({outside}) THEN {value} END"
        else:
            wrong += f" OR {outside}"
            low, high = _ends(column)
    # Bare comparisons, one after another, are answered for most rows at once.
    doubt = f"{cell}_read < {low!r}::DOUBLE OR {cell}_read > {high!r}::DOUBLE"
    doubt += f" OR {ask_doubt(cell, missing)}"
    other = number.fault(missing, "not a number")
    return Cell(
        name=column.name,
        raw=cell,
        first=number.first,
        read=number.read,
        value=f"TRY_CAST({value} AS FLOAT)",
        doubt=doubt,
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


def _outside(column: Column, number: str) -> str:
    low, high = _ends(column)
    below = [f"{number} < {low!r}::DOUBLE"] * (column.minimum is not None)
    above = [f"{number} > {high!r}::DOUBLE"] * (column.maximum is not None)
    return " OR ".join(below + above)


def _ends(column: Column) -> tuple[float, float]:
    """Return the ends of a column's range, as far out as float32 does not tell them apart.

    What was kept is judged in the precision of the model when it comes again, and when it is
    served: it must lie within the same limits.
    """
    low = -LARGEST_FLOAT32 if column.minimum is None else _reach(column.minimum, -math.inf)
    high = LARGEST_FLOAT32 if column.maximum is None else _reach(column.maximum, math.inf)
    return low, high


def _reach(limit: float, direction: float) -> float:
    """Return the last number in a direction that float32 rounds to the limit."""
    end = np.float32(_clamp(limit))
    if abs(end) >= LARGEST_FLOAT32:
        return float(end)
    beyond = np.nextafter(end, np.float32(direction))
    middle = (float(end) + float(beyond)) / 2
    return middle if np.float32(middle) == end else float(np.nextafter(middle, float(end)))


def _clamp(limit: float) -> float:
    return min(max(limit, -LARGEST_FLOAT32), LARGEST_FLOAT32)


def _clip(column: Column, number: str) -> str:
    clipped = number
    if column.minimum is not None:
        clipped = f"greatest({clipped}, {_clamp(column.minimum)!r}::DOUBLE)"
    if column.maximum is not None:
        clipped = f"least({clipped}, {_clamp(column.maximum)!r}::DOUBLE)"
    # Of a number and NULL, greatest and least take the number.
    return f"CASE WHEN {number} IS NOT NULL THEN {clipped} END"
