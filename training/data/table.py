"""A raw file as rows of text cells in duckdb, however the file was written."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import duckdb

from core.errors import InvalidInputError
from training.data.cells import ODD_MARKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Columns: TypeAlias = "dict[str, NDArray[Any]]"
"""By their names; masked where cells are missing."""

Taken = TypeVar("Taken")

# Of a damaged Parquet file duckdb's errors are of no kind in particular, as often as not.
_UNREADABLE = (duckdb.InvalidInputException, duckdb.Error)

CANNOT_PARSE = "save it again as CSV (UTF-8, a comma between fields), or as Parquet"


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A record with too few or too many fields: it cannot be told which cell belongs where."""

    row_number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw file as text cells in the duckdb view ``cells``, which is read from the file each time.

    The view has the columns ``c0``, ``c1``, … (VARCHAR), one for each name in `columns` in the
    file's order: names from the file never become part of a statement. Its rows are those of the
    file without ragged and blank ones; the table ``shifts`` says which numbers they have there.

    Attributes
    ----------
    connection : DuckDBPyConnection
    name : str
        The file's name, for messages.
    columns : tuple of str
    row_count : int
        Rows, ragged ones too, blank ones not.
    ragged : tuple of RaggedRow
    odd_marks : tuple of str
        Those of `ODD_MARKS` that a cell may hold.
    again : callable or None
        Reads the file anew in a way that trusts duckdb less; None when there is no other.
    """

    connection: duckdb.DuckDBPyConnection
    name: str
    columns: tuple[str, ...]
    row_count: int
    ragged: tuple[RaggedRow, ...] = ()
    odd_marks: tuple[str, ...] = ODD_MARKS
    again: "Callable[[], RawTable] | None" = None

    @property
    def regular_rows(self) -> int:
        """Rows of the view ``cells``."""
        return self.row_count - len(self.ragged)


def load(raw: RawTable, table: str, query: str) -> RawTable:
    """Make a table of one row for each row of the view ``cells``, in their order.

    Where duckdb sees other records than were counted in the file, the file is read in a slower
    way, and the query is run again.

    Returns
    -------
    RawTable
        As it was, or as it was found to be by the slower reader.

    Raises
    ------
    InvalidInputError
        If the file cannot be read.
    """

    def make(connection: duckdb.DuckDBPyConnection) -> tuple[None, int]:
        # The rules of all columns are one long statement of several steps: to optimise it takes
        # many seconds, whatever the number of rows, and folds the steps into one another again.
        connection.execute("PRAGMA disable_optimizer").fetchall()
        try:
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS {query}").fetchall()
        finally:
            connection.execute("PRAGMA enable_optimizer").fetchall()
        return None, count_rows(connection, table)

    return _read(raw, make)[0]


def fetch(raw: RawTable, query: str) -> tuple[RawTable, "Columns"]:
    """Return the columns of one row for each row of the view ``cells``; otherwise as `load`.

    Whether to optimise the query is the connection's matter; see `load`.
    """

    def take(connection: duckdb.DuckDBPyConnection) -> tuple[Columns, int]:
        found = connection.execute(query).fetchnumpy()
        return found, min(map(len, found.values()))

    return _read(raw, take)


def _read(
    raw: RawTable, take: "Callable[[duckdb.DuckDBPyConnection], tuple[Taken, int]]"
) -> tuple[RawTable, "Taken"]:
    """Take something of all rows, which says how many it saw; see `load`."""
    count = None
    try:
        found, count = take(raw.connection)
        if count == raw.regular_rows:
            return raw, found
    except duckdb.Error as error:
        if type(error) not in _UNREADABLE:
            raise
        # Its message holds cells of the file; what is wrong, if anything, is found out below.
    if raw.again is None:
        what = "cannot be read" if count is None else f"was read as {count} of {raw.row_count} rows"
        raise InvalidInputError(f"{raw.name} {what}", next_step=CANNOT_PARSE)
    return _read(raw.again(), take)


def load_texts(raw: RawTable) -> RawTable:
    """Keep all cells in memory: the view ``raw`` has them with ``row_number`` before them."""
    raw = load(raw, "texts", "SELECT * FROM cells")
    numbered = number_rows("(SELECT rowid AS place, * FROM texts)")
    raw.connection.execute(f"CREATE VIEW raw AS {numbered}").fetchall()
    return replace(raw, again=None)


def fork(raw: RawTable) -> RawTable:
    """Return the same table, to be used by another thread."""
    return replace(raw, connection=raw.connection.cursor())


def declare_shifts(
    connection: duckdb.DuckDBPyConnection, firsts: list[int], shifts: list[int]
) -> None:
    """Say what is added to the places of rows to give their numbers in the file.

    From the place ``firsts[i]`` on, counted from 0, it is ``shifts[i]``.
    """
    connection.execute(
        "CREATE OR REPLACE TABLE shifts AS SELECT first, max(shift) AS shift FROM (SELECT"
        " unnest(?::BIGINT[]) AS first, unnest(?::BIGINT[]) AS shift) GROUP BY first",
        [firsts, shifts],
    ).fetchall()


def number_rows(rows: str) -> str:
    """Return the SQL of rows with a ``place``, in the order of the file, with ``row_number``."""
    return (
        "SELECT place + s.shift AS row_number, r.* EXCLUDE (place)"  # noqa: S608
        f" FROM {rows} r ASOF JOIN shifts s ON r.place >= s.first ORDER BY row_number"
    )


def name_columns(header: tuple[str, ...], *, name: str) -> tuple[str, ...]:
    """Trim the column names, name the nameless by their place, refuse duplicates."""
    columns = tuple(text.strip() or f"unnamed_{i}" for i, text in enumerate(header, start=1))
    places: dict[str, int] = {}
    for place, column in enumerate(columns, start=1):
        # duckdb, like SQL, does not tell names apart by their case.
        other = places.setdefault(column.casefold(), place)
        if other != place:
            raise InvalidInputError(
                f"{name}, row 1: columns {other} and {place} have the same name"
                " (upper and lower case count as one)",
                next_step="give every column a name of its own (no header at all? --no-header)",
            )
    return columns


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Count the rows of a table or view."""
    # All rows are fetched: duckdb refuses other work on a connection with an unfinished result.
    return int(connection.table(table).count("*").fetchall()[0][0])
