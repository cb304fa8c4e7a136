"""A raw file as a duckdb table of text cells, however the file was written."""

from dataclasses import dataclass

import duckdb

from core.errors import InvalidInputError

CANNOT_PARSE = "save it again as CSV (UTF-8, a comma between fields), or as Parquet"


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A record with too few or too many fields: it cannot be told which cell belongs where."""

    row_number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw file as text cells in the duckdb table ``raw``.

    The table has the columns ``row_number`` (BIGINT) and ``c0``, ``c1``, … (VARCHAR), one for each
    name in `columns` in the file's order: names from the file never become part of a statement.
    """

    connection: duckdb.DuckDBPyConnection
    columns: tuple[str, ...]
    row_count: int
    ragged: tuple[RaggedRow, ...]


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
