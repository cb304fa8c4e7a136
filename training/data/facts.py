"""What can be counted about the columns of a raw file, before anything is decided about them.

Cells are read by the same rules as in validation (`training.data.cells`), so that a guess made from
these numbers is true of the rows that will be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.values import FALSE_WORDS, LARGEST_FLOAT32, TRUE_WORDS
from training.data.cells import (
    Manner,
    fast_number,
    is_missing_number,
    is_odd,
    is_unclear,
    known_text,
    number,
    quote_text,
    quote_texts,
)
from training.data.table import RawTable

_CELLS_AT_ONCE = 500_000
_MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[.]?"
_DATE = (
    "[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?"
    "|[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}|[0-9]{4})( .*)?"
    f"|[0-9]{{1,2}}[- .]{{1,2}}{_MONTH}[- ]([0-9]{{2}}|[0-9]{{4}})( .*)?"
    f"|{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}( .*)?"
    "|[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(?i:am|pm))?"
)
_DIGITS = "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
"""A day without marks, 20240131: hardly any amounts look all like this."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Counts over the cells of one column.

    Attributes
    ----------
    name : str
        The column's name.
    rows : int
        Cells, without those of ragged rows.
    known : int
        Cells that are not missing.
    distinct : int
        Different texts among the known cells, blanks at both ends removed.
    numbers, whole, booleans, dates : int
        Known cells that are a number, a whole number, a word for true or false, a date.
    minimum, maximum : float or None
        Range of the numbers.
    spaced : int
        Known cells with a blank inside.
    longest : int
        Characters of the longest known cell.
    padded : int
        Known cells that are whole numbers with a zero before other digits.
    words : int
        Words of all known cells together.
    """

    name: str
    rows: int
    known: int
    distinct: int
    numbers: int
    whole: int
    booleans: int
    dates: int
    minimum: float | None
    maximum: float | None
    spaced: int
    longest: int
    padded: int
    words: int

    @property
    def missing(self) -> int:
        """Cells that are missing."""
        return self.rows - self.known

    @property
    def is_unique(self) -> bool:
        """Whether no cell is missing and no two are the same."""
        return self.rows > 0 and self.distinct == self.rows


@dataclass(frozen=True, slots=True)
class Survey:
    """Looks at the columns of a raw file, read in one manner.

    Attributes
    ----------
    raw : RawTable
        All of whose cells are kept in memory.
    manner : Manner
        How its numbers and missing values are written.
    """

    raw: RawTable
    manner: Manner

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.raw.columns

    def measure(self) -> list[ColumnFacts]:
        """Count the cells of every column."""
        # Of a wide table many columns are measured at once: to plan a query takes milliseconds.
        at_once = max(1, _CELLS_AT_ONCE // self.raw.row_count)
        places = range(len(self.columns))
        found: list[ColumnFacts] = []
        for first in range(0, len(self.columns), at_once):
            for _, *counts in self._fetch(_measure(places[first : first + at_once], self.manner)):
                found.append(ColumnFacts(self.columns[len(found)], *counts))
        return found

    def count_levels(self, place: int) -> dict[str, int]:
        """Return the different texts of a column and how many rows hold each, sorted by text.

        To be called only when `measure` has shown that they are few.
        """
        levels = self._fetch(
            f"SELECT {known_text('cell', self.manner)} AS text, sum(n) FROM ({_count_cells(place)})"  # noqa: S608
            " GROUP BY text HAVING text IS NOT NULL"
        )
        return {str(level): int(rows) for level, rows in sorted(levels)}

    def share(self, place: int, question: str, among: str) -> float:
        """Return the share of a column's cells, among some, of which an SQL question is true.

        Both are asked of ``cell``. Without any such cell it is 0.
        """
        found = self._fetch(
            f"SELECT sum(n) FILTER (WHERE {question}) / sum(n)"  # noqa: S608
            f" FROM ({_count_cells(place)}) WHERE {among}"
        )
        return float(found[0][0] or 0.0)

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        return self.raw.connection.execute(query).fetchall()


def _count_cells(place: int) -> str:
    return f"SELECT c{place:d} AS cell, count(*) AS n FROM texts GROUP BY cell"  # noqa: S608


def _measure(places: Sequence[int], manner: Manner) -> str:
    """Return the SQL of some columns' facts: each different cell is looked at once."""
    # What float32 cannot hold is no number to learn from; validation quarantines it.
    absent = ""
    sure = f"text IS NOT NULL AND abs(first) <= {LARGEST_FLOAT32!r} AND NOT ({is_odd('cell')})"
    if manner.missing_numbers:
        absent = f"WHEN {is_missing_number(fast_number('cell', manner), manner)} THEN NULL"
    closely = number("text", manner)
    numbers = ", ".join(str(place) for place in places)
    names = ", ".join(f"c{place:d}" for place in places)
    cells = f"SELECT unnest([{numbers}]) AS place, unnest([{names}]) AS cell FROM texts"  # noqa: S608
    words = quote_texts((*TRUE_WORDS, *FALSE_WORDS))
    return f"""
        SELECT place, coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE text IS NOT NULL), 0),
               count(DISTINCT text), coalesce(sum(n) FILTER (WHERE number IS NOT NULL), 0),
               coalesce(sum(n) FILTER (WHERE number = floor(number)), 0),
               coalesce(sum(n) FILTER (WHERE lower(text) IN ({words})), 0),
               coalesce(sum(n) FILTER (WHERE date), 0),
               min(number)::DOUBLE, max(number)::DOUBLE,
               coalesce(sum(n) FILTER (WHERE contains(text, ' ')), 0),
               coalesce(max(length(text)), 0),
               coalesce(sum(n) FILTER (WHERE regexp_full_match(text, '0[0-9]+')), 0),
               coalesce(sum(n * (length(text) - length(replace(text, ' ', '')) + 1)), 0)
        FROM (
            SELECT place, n, text,
                   CASE WHEN abs(number) <= {LARGEST_FLOAT32!r} THEN number END AS number,
                   CASE WHEN number IS NULL THEN regexp_full_match(text, {quote_text(_DATE)})
                   WHEN length(text) = 8 THEN regexp_full_match(text, {quote_text(_DIGITS)}) END
                   AS date
            FROM (
                SELECT place, n, text, CASE WHEN {sure} THEN first ELSE {closely} END AS number
                FROM (
                    SELECT place, n, cell, {fast_number("cell", manner)} AS first,
                           CASE {absent} WHEN {is_unclear("cell", manner)}
                           THEN {known_text("cell", manner)} ELSE cell END AS text
                    FROM (SELECT place, cell, count(*) AS n FROM ({cells}) GROUP BY place, cell)
                )
            )
        )
        GROUP BY place ORDER BY place
        """  # noqa: S608 (every part is made by training.data.cells, which quotes)
