"""Cutting a file into shards, and opening them: each in a database of its own."""

import csv
import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from threading import Lock

import duckdb

from core.contract import Contract, FileFormat
from core.errors import InvalidInputError
from lambdas.batch.cutting import Cursor, cut_csv, look_at_csv
from lambdas.batch.layout import Layout, Shard, check_head
from lambdas.batch.origin import BLOCK_BYTES, Origin
from lambdas.batch.row_groups import TAIL_BYTES, broken, cut_parquet, open_groups
from lambdas.batch.typed import read_groups
from training.data.cells import quote_text
from training.data.csv_file import read_csv
from training.data.read import connect, is_parquet
from training.data.table import RawTable, name_columns

_numbers = count()
_one_by_one = Lock()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some shards of a file, in order.

    Attributes
    ----------
    layout : Layout
    shards : list of Shard
    following : Cursor or None
        Where the next stretch begins; None if these are the last.
    """

    layout: Layout
    shards: list[Shard]
    following: Cursor | None


def cut_file(origin: Origin, written: FileFormat) -> Stretch:
    """Cut a whole file; see `begin_cutting`."""
    return begin_cutting(origin, written, at_most=None)


def begin_cutting(origin: Origin, written: FileFormat, *, at_most: int | None) -> Stretch:
    """Cut a file into shards, always the same for the same file.

    Parameters
    ----------
    written : FileFormat
        How its contract says that a CSV is written.
    at_most : int or None
        Shards of a CSV after which to stop; a Parquet file is never read to be cut.

    Raises
    ------
    InvalidInputError
        If it has no rows or cannot be read; one sentence.
    """
    head = origin.read(0, min(BLOCK_BYTES, origin.size))
    check_head(head, origin.name)
    if is_parquet(head):
        with _open_database() as connection:
            return Stretch(Layout(is_parquet=True), cut_parquet(origin, connection), None)
    layout, cursor = look_at_csv(origin, written)
    return Stretch(*cut_csv(origin, written, layout, cursor, at_most=at_most))


def list_columns(origin: Origin, layout: Layout, written: FileFormat) -> tuple[str, ...]:
    """Return the names of a file's columns, without reading a row.

    Raises
    ------
    InvalidInputError
        If they cannot be read, or two are the same; one sentence.
    """
    if layout.is_parquet:
        with open_groups(origin, 0, 0) as path, _open_database() as connection:
            try:
                names = connection.read_parquet(str(path)).columns
            except duckdb.Error as error:
                raise broken(origin.name) from error
    else:
        header, _ = _as_whole(layout, b"", written)
        text = io.StringIO(header.decode(), newline="")
        names = next(csv.reader(text, delimiter=layout.delimiter))
    return name_columns(tuple(names), name=origin.name)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A shard whose bytes are here.

    Attributes
    ----------
    digest : str
        Hash of its bytes, its header and its place: 64 hexadecimal digits.
    """

    digest: str
    _name: str
    _layout: Layout
    _shard: Shard
    _held: bytes | Path

    @contextmanager
    def open(self, contract: Contract) -> Iterator[RawTable]:
        """Open its cells; their rows are numbered as the file's.

        Raises
        ------
        InvalidInputError
            If it cannot be read; one sentence.
        """
        with tempfile.TemporaryDirectory() as folder, _open_database() as connection:
            if isinstance(self._held, Path):
                yield read_groups(connection, self._held, self._shard, contract, name=self._name)
                return
            whole, form = _as_whole(self._layout, self._held, contract.file)
            yield read_csv(
                connection,
                whole,
                form,
                name=self._name,
                folder=Path(folder),
                first_row=self._shard.first_row,
            )


@contextmanager
def fetch_shard(origin: Origin, layout: Layout, shard: Shard) -> Iterator[Fetched]:
    """Have a shard's bytes here for as long as the ``with`` block runs."""
    if layout.is_parquet:
        with open_groups(origin, shard.start, shard.end) as path:
            yield Fetched(_hash_rows(path, shard), origin.name, layout, shard, path)
        return
    body = origin.read(shard.start, shard.end)
    digest = hashlib.sha256(repr((layout, shard.first_row)).encode())
    digest.update(body)
    yield Fetched(digest.hexdigest(), origin.name, layout, shard, body)


def open_duckdb() -> duckdb.DuckDBPyConnection:
    """Return the duckdb that all threads share, made by the first that asks."""
    with _one_by_one:
        return _make_duckdb()


@contextmanager
def _open_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty database in memory, which is gone when the ``with`` block ends."""
    name = f"shard_{next(_numbers)}"
    with open_duckdb().cursor() as connection:
        connection.execute(f"ATTACH ':memory:' AS {name}").fetchall()
        connection.execute(f"USE {name}").fetchall()
        try:
            yield connection
        except BaseException:
            _make_duckdb.cache_clear()  # whatever befell this one, the next shard has another
            raise
        connection.execute("USE memory").fetchall()
        connection.execute(f"DETACH {name}").fetchall()


@cache
def _make_duckdb() -> duckdb.DuckDBPyConnection:
    """Make this process's duckdb, which takes 30 ms of processor; a database in it takes 2."""
    connection = connect(tempfile.gettempdir())
    # Shards are read side by side; threads of each would only wait for one another.
    connection.execute("SET threads = 1").fetchall()
    # Of a Parquet file only a shard's row groups may be read; the rest of optimising takes longer
    # than it saves, as in `training.data.table.load`.
    [others] = connection.execute(
        "SELECT string_agg(name) FROM duckdb_optimizers() WHERE name <> 'filter_pushdown'"
    ).fetchall()
    connection.execute(f"SET disabled_optimizers = {quote_text(others[0])}").fetchall()
    return connection


def _hash_rows(path: Path, shard: Shard) -> str:
    """Hash a shard's row groups, and the footer, which names their columns."""
    digest = hashlib.sha256(repr((shard.first_row, shard.rows)).encode())
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(size - TAIL_BYTES)
        footer = size - TAIL_BYTES - int.from_bytes(file.read(4), "little")
        for start, end in ((shard.start, shard.end), (footer, size)):
            file.seek(start)
            for first in range(start, end, BLOCK_BYTES):
                digest.update(file.read(min(BLOCK_BYTES, end - first)))
    return digest.hexdigest()


def _as_whole(layout: Layout, body: bytes, written: FileFormat) -> tuple[bytes, FileFormat]:
    """Return a shard as a CSV of its own in UTF-8, and how that is written."""
    whole = layout.header + body
    if layout.encoding != "utf-8":
        try:
            whole = whole.decode(layout.encoding).encode()
        except UnicodeDecodeError:
            raise InvalidInputError(
                f"The file is not {layout.encoding} text.", next_step="Save the file in UTF-8."
            ) from None
    return whole, FileFormat.model_validate(
        {**written.model_dump(), "encoding": "utf-8", "header": True, "delimiter": layout.delimiter}
    )
