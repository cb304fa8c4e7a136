"""Columns of values checked and read at once: the quick way of what `core.values` does one by one.

The quick way takes what is plainly right. A value that it is not sure about goes to the column's
careful reader; a value that breaks a rule ends the quick way, and the careful one finds the words.
So both accept, read and warn alike.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.contract_view import BLANKS
from core.values import LARGEST_FLOAT32, Reader, parse_markers, read_columns

if TYPE_CHECKING:
    from core.contract import Contract

Note = tuple[int, str]
"""A row, and what to tell the caller about it."""

_EXACT_INTEGER = 2**24
_NONE = type(None)


class Filler(ABC):
    """Fills one column of a model's inputs.

    Parameters
    ----------
    reader : core.values.Reader
        The careful one, for whatever is not plainly right.
    """

    def __init__(self, reader: Reader) -> None:
        self.name = reader.column.name
        self._reader = reader
        self._nullable = reader.column.nullable

    @abstractmethod
    def fill(self, values: Sequence[object], cells: NDArray[Any]) -> list[Note] | None:
        """Write a column's values into its cells; return None if a value is not understood.

        The cells hold what stands for a missing value before.
        """

    @abstractmethod
    def read_plain(self, value: Any) -> object:  # noqa: ANN401 - JSON
        """Return what a model reads of one value, None if it is not plainly right."""

    def _read_carefully(
        self, rows: Sequence[int], values: Sequence[object], cells: NDArray[Any], missing: object
    ) -> list[Note] | None:
        notes = []
        for row in rows:
            value = values[row]
            if self._reader.find_fault(value):
                return None
            found, note = (None, None) if value is None else self._reader.read(value)
            cells[row] = missing if found is None else found
            if note:
                notes.append((row, note))
        return notes


class NumberFiller(Filler):
    """Fills a column of numbers."""

    def __init__(self, reader: Reader, markers: frozenset[float]) -> None:
        super().__init__(reader)
        column = reader.column
        self._low = max(-LARGEST_FLOAT32, -math.inf if column.minimum is None else column.minimum)
        self._high = min(LARGEST_FLOAT32, math.inf if column.maximum is None else column.maximum)
        self._markers = markers

    def fill(self, values: Sequence[object], cells: NDArray[Any]) -> list[Note] | None:
        """Convert all numbers at once, then read the odd ones with care.

        Odd are a marker of missing values, a number out of range, and a whole number that float32
        may round.
        """
        kinds = set(map(type, values))
        if not kinds <= {float, int, _NONE} or (_NONE in kinds and not self._nullable):
            return None
        try:
            numbers = np.array(values, np.float64)
        except OverflowError:  # a whole number of more than 308 digits
            return None
        odd = ~((numbers >= self._low) & (numbers <= self._high))
        if int in kinds:
            odd |= np.abs(numbers) > _EXACT_INTEGER
        for marker in self._markers:
            odd |= numbers == marker
        if not odd.any():
            cells[:] = numbers
            return []
        numbers[odd] = np.nan
        cells[:] = numbers
        rows = [row for row in np.flatnonzero(odd).tolist() if values[row] is not None]
        return self._read_carefully(rows, values, cells, math.nan)

    def read_plain(self, value: Any) -> object:  # noqa: ANN401 - JSON
        """Return a number that is not odd (see `fill`), and NaN for a gap."""
        if value is None:
            return math.nan if self._nullable else None
        kind = type(value)
        if kind is float:
            plain = self._low <= value <= self._high
        elif kind is int:
            plain = self._low <= value <= self._high and -_EXACT_INTEGER <= value <= _EXACT_INTEGER
        else:
            return None
        return value if plain and value not in self._markers else None


class BooleanFiller(Filler):
    """Fills a column of booleans, as 0 and 1."""

    def fill(  # noqa: D102 - see the base
        self, values: Sequence[object], cells: NDArray[Any]
    ) -> list[Note] | None:
        kinds = set(map(type, values))
        if not kinds <= {bool, _NONE} or (_NONE in kinds and not self._nullable):
            return None
        cells[:] = np.array(values, np.float32)
        return []

    def read_plain(self, value: Any) -> object:  # noqa: ANN401, D102 - see the base
        if value is True:
            return 1.0
        if value is False:
            return 0.0
        return math.nan if value is None and self._nullable else None


class TextFiller(Filler):
    """Fills a column of categories or texts."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        categories = reader.column.categories or ()
        # A category that begins or ends with a blank is read without it.
        self._plain: frozenset[object] = frozenset(
            category for category in categories if category == category.strip(BLANKS)
        )

    def fill(self, values: Sequence[object], cells: NDArray[Any]) -> list[Note] | None:
        """Take listed categories as they are; read anything else with care, each text once."""
        if not set(map(type, values)) <= {str, _NONE}:
            return None
        found = set(values)
        if found <= self._plain:
            cells[:] = values
            return []
        if self._nullable and found - {None} <= self._plain:
            cells[:] = [value or "" for value in values]
            return []
        read = {value: self._read(value) for value in found}
        if None in read.values():
            return None
        pairs = [read[value] for value in values]
        cells[:] = [pair[0] for pair in pairs if pair]
        return [(row, pair[1]) for row, pair in enumerate(pairs) if pair and pair[1]]

    def read_plain(self, value: Any) -> object:  # noqa: ANN401, D102 - see the base
        if value is None:
            return "" if self._nullable else None
        return value if type(value) is str and value in self._plain else None

    def _read(self, value: object) -> tuple[object, str | None] | None:
        if self._reader.find_fault(value):
            return None
        if value is None:
            return "", None
        found, note = self._reader.read(value)
        return "" if found is None else found, note


def make_fillers(contract: "Contract") -> Mapping[str, Filler]:
    """Return the fillers of a contract's columns, by name."""
    numbers = frozenset(parse_markers(contract.missing))
    fillers: dict[str, Filler] = {}
    for name, reader in read_columns(contract).items():
        if reader.column.kind == "numeric":
            fillers[name] = NumberFiller(reader, numbers)
        elif reader.column.kind == "boolean":
            fillers[name] = BooleanFiller(reader)
        else:
            fillers[name] = TextFiller(reader)
    return fillers
