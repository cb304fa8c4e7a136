"""Opening shards: each in a duckdb of its own, so that they can be read side by side."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.contract import FileFormat
from core.errors import InvalidInputError
from lambdas.batch.source import Piece, Source, cut_csv
from training.data.cells import quote_name, quote_text
from training.data.csv_file import read_csv
from training.data.read import connect
from training.data.table import CANNOT_PARSE, RawTable, declare_shifts, name_columns

SHARD_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """Some rows of a Parquet file; the first row of the file is row 1."""

    number: int
    path: Path
    first_row: int
    rows: int


Shard = Piece | Span


def list_shards(source: Source, written: FileFormat) -> Iterator[Shard]:
    """Cut a file into shards, always the same for the same file.

    Raises
    ------
    InvalidInputError
        If it has no rows or cannot be read; one sentence.
    """
    if not source.is_parquet:
        yield from cut_csv(source, written)
        return
    try:
        with duckdb.connect(":memory:") as connection:
            rows = connection.read_parquet(str(source.path)).count("*").fetchall()[0][0]
    except duckdb.Error as error:
        raise _broken(source.path.name) from error
    if not rows:
        raise InvalidInputError(
            f"{source.path.name} has columns and no rows.", next_step="Send rows too."
        )
    for number, first in enumerate(range(0, rows, SHARD_ROWS)):
        yield Span(number, source.path, first + 1, min(SHARD_ROWS, rows - first))


@contextmanager
def open_shard(shard: Shard, written: FileFormat, *, name: str) -> Iterator[tuple[RawTable, int]]:
    """Open a shard: its cells, and what to add to its row numbers to have the file's."""
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        # Shards are read side by side; threads of each would only wait for one another.
        connection.execute("SET threads = 1").fetchall()
        if isinstance(shard, Span):
            yield _read_span(connection, shard, name=name), shard.first_row - 1
            return
        form = FileFormat.model_validate(
            {**written.model_dump(), "encoding": "utf-8", "header": True}
        )
        raw = read_csv(connection, shard.body, form, name=name, folder=Path(folder))
        yield raw, shard.first_row - 2


def _read_span(connection: duckdb.DuckDBPyConnection, span: Span, *, name: str) -> RawTable:
    path = quote_text(str(span.path))
    try:
        header = tuple(connection.read_parquet(str(span.path)).columns)
        columns = name_columns(header, name=name)
        cells = ", ".join(
            f"CAST({quote_name(column)} AS VARCHAR) AS c{i}" for i, column in enumerate(header)
        )
        first = span.first_row - 1
        connection.execute(
            f"CREATE TABLE cells AS SELECT {cells}"  # noqa: S608
            f" FROM read_parquet({path}, file_row_number = true)"
            f" WHERE file_row_number >= {first} AND file_row_number < {first + span.rows}"
        ).fetchall()
    except duckdb.Error as error:
        raise _broken(name) from error
    declare_shifts(connection, [0], [1])
    return RawTable(connection, name, columns, span.rows)


def _broken(name: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name} begins like a Parquet file and cannot be read as one.", next_step=CANNOT_PARSE
    )
