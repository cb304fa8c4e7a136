"""One value of a record: what is wrong with it, and what a model reads of it.

The same as `training.data.rules` says in SQL of the cells of a file; a test holds the two together.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from core.contract_view import BLANKS

if TYPE_CHECKING:
    from core.contract import Column, Contract, Policies

MAX_WORDS = 1000
"""Words of a free text that a model reads: bounds what one request may cost."""

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
"""Texts of a boolean in a file, in upper or lower case."""

LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
"""Beyond it there is no number for a model, in either direction."""

_EXACT_INTEGER = 2**24


class Reader(ABC):
    """Reads one column's values.

    Parameters
    ----------
    column : Column
        Its declaration.
    """

    def __init__(self, column: "Column") -> None:
        self.column = column

    def find_fault(self, value: object) -> str | None:
        """Return the rule that a value breaks, None if it breaks none; never the value."""
        if value is None:
            return None if self.column.nullable else "is required"
        if rule := self._check(value):
            return rule
        return "is required" if not self.column.nullable and self._is_missing(value) else None

    @abstractmethod
    def read(self, value: object) -> tuple[object | None, str | None]:
        """Return what a model reads of a value without fault, and what to tell the caller.

        The first is None when the value is as good as missing.
        """

    @abstractmethod
    def _check(self, value: object) -> str | None: ...

    def _is_missing(self, value: object) -> bool:  # noqa: ARG002 - others look at it
        return False


class _BooleanReader(Reader):
    def read(self, value: object) -> tuple[object | None, str | None]:
        return value, None

    def _check(self, value: object) -> str | None:
        return None if isinstance(value, bool) else "must be true or false"


class _NumberReader(Reader):
    def __init__(self, column: "Column", policies: "Policies", markers: frozenset[float]) -> None:
        super().__init__(column)
        self._markers = markers
        self._policy = policies.out_of_range
        # In the precision of the model: what was kept of a file lies within the same limits.
        self._low = -math.inf if column.minimum is None else _round(column.minimum)
        self._high = math.inf if column.maximum is None else _round(column.maximum)

    def read(self, value: object) -> tuple[object | None, str | None]:
        if not isinstance(value, int | float) or value in self._markers:
            return None, None
        if not self._low <= np.float32(value) <= self._high:
            return self._settle(value)
        if isinstance(value, int) and abs(value) > _EXACT_INTEGER:
            rounded = float(np.float32(value)) != value
            return value, "is rounded: the model reads about 7 digits" if rounded else None
        return value, None

    def _settle(self, value: float) -> tuple[object | None, str]:
        side, end = ("below", "minimum") if value < self._low else ("above", "maximum")
        limit = self._low if value < self._low else self._high
        note = f"is {side} the contract's {end} of {limit:g}"
        if self._policy == "clip":
            return limit, f"{note}; read as that"
        if self._policy == "as_missing" and self.column.nullable:
            return None, f"{note}; read as missing"
        return value, note

    def _check(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a finite number"
        if not -LARGEST_FLOAT32 <= value <= LARGEST_FLOAT32:
            return "must lie between -3.4e38 and 3.4e38"
        return None

    def _is_missing(self, value: object) -> bool:
        return value in self._markers


def _round(limit: float) -> float:
    return float(np.float32(min(max(limit, -LARGEST_FLOAT32), LARGEST_FLOAT32)))


class _TextReader(Reader):
    def __init__(self, column: "Column", policies: "Policies", markers: frozenset[str]) -> None:
        super().__init__(column)
        self._categories = frozenset(column.categories or ())
        self._markers = markers - self._categories
        self._drops_unseen = policies.unseen_category == "as_missing" and column.nullable

    def read(self, value: object) -> tuple[object | None, str | None]:
        text = str(value).strip(BLANKS)
        if text in self._markers:
            return None, None
        if self.column.kind == "text":
            return plain_text(text), None
        if not self._categories or text in self._categories:
            return text, None
        note = "is a category that the contract does not list"
        return (None, f"{note}; read as missing") if self._drops_unseen else (text, note)

    def _check(self, value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        if not value:
            return "must not be an empty string; send null when it is not known"
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "must be valid Unicode text"
        return "must not hold a NUL character" if "\0" in value else None

    def _is_missing(self, value: object) -> bool:
        return str(value).strip(BLANKS) in self._markers


def plain_text(text: str) -> str:
    """Return the first `MAX_WORDS` words of a text with one blank between them."""
    return " ".join(text.split()[:MAX_WORDS])


def read_columns(contract: "Contract") -> Mapping[str, Reader]:
    """Return the readers of a contract's columns, by name."""
    texts = frozenset(contract.missing_markers)
    numbers = frozenset(parse_markers(contract.missing))
    readers: dict[str, Reader] = {}
    for column in contract.columns:
        if column.kind == "numeric":
            readers[column.name] = _NumberReader(column, contract.policies, numbers)
        elif column.kind == "boolean":
            readers[column.name] = _BooleanReader(column)
        else:
            readers[column.name] = _TextReader(column, contract.policies, texts)
    return readers


def parse_markers(markers: tuple[str, ...]) -> list[float]:
    """Return the missing markers that are numbers, such as -999."""
    found = []
    for marker in markers:
        try:
            number = float(marker)
        except ValueError:
            continue
        if math.isfinite(number):
            found.append(number)
    return found
