"""What can be counted about the columns of a raw file, before anything is decided about them.

Cells are read by the same rules as in validation (`training.data.rules`), so that a guess made from
these numbers is true of the rows that will be kept.
"""

from dataclasses import dataclass

from training.data.rules import (
    FALSE_WORDS,
    LARGEST_FLOAT32,
    TRUE_WORDS,
    known_number,
    known_text,
    quote_text,
)
from training.data.table import RawTable

_DATE = (
    "[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?"
    "|[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}|[0-9]{4})( .*)?"
)


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

    @property
    def missing(self) -> int:
        """Cells that are missing."""
        return self.rows - self.known

    @property
    def is_unique(self) -> bool:
        """Whether no cell is missing and no two are the same."""
        return self.rows > 0 and self.distinct == self.rows


def measure_column(table: RawTable, place: int) -> ColumnFacts:
    """Count the cells of the column at `place` (from 0) of a raw table."""
    text, number = known_text("cell"), known_number("cell")
    # What float32 cannot hold is no number to learn from; validation quarantines it.
    number = f"CASE WHEN abs({number}) <= {LARGEST_FLOAT32!r} THEN {number} END"
    words = ", ".join(quote_text(word) for word in (*TRUE_WORDS, *FALSE_WORDS))
    counted = table.connection.execute(
        f"""
        SELECT count(*), count(text), count(DISTINCT text), count(number),
               count(*) FILTER (WHERE number = floor(number)),
               count(*) FILTER (WHERE lower(text) IN ({words})),
               count(*) FILTER (WHERE regexp_full_match(text, {quote_text(_DATE)})),
               min(number)::DOUBLE, max(number)::DOUBLE,
               count(*) FILTER (WHERE contains(text, ' ')), coalesce(max(length(text)), 0),
               count(*) FILTER (WHERE regexp_full_match(text, '0[0-9]+'))
        FROM (SELECT {text} AS text, {number} AS number FROM (SELECT c{place:d} AS cell FROM raw))
        """  # noqa: S608 (every part is made by training.data.rules, which quotes)
    ).fetchall()[0]
    return ColumnFacts(table.columns[place], *counted)


def count_levels(table: RawTable, place: int) -> dict[str, int]:
    """Return the different texts of a column and how many rows hold each, sorted by text.

    To be called only when `measure_column` has shown that they are few.
    """
    text = known_text(f"c{place}")
    levels = table.connection.execute(
        f"SELECT {text} AS text, count(*) FROM raw GROUP BY text HAVING text IS NOT NULL"  # noqa: S608
    ).fetchall()
    return {str(level): int(rows) for level, rows in sorted(levels)}
