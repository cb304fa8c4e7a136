"""Rows of a Parquet file that need not be on this computer: its footer says where they are.

A file of the same length is made of which only the footer and some row groups are there; what is
not there takes no room. duckdb reads the rows of those row groups as from the file itself.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import duckdb

from core.errors import InvalidInputError
from lambdas.batch.layout import Shard
from lambdas.batch.origin import BLOCK_BYTES, FileOrigin, Origin
from training.data.table import CANNOT_PARSE

SHARDS_OF_A_FILE = 8
SHARD_ROWS = (40_000, 160_000)
"""Rows of a shard, at least and most."""
MAX_SHARD_CELLS = 32_000_000
MAX_SHARD_TEXT_BYTES = 128 * 1024 * 1024
"""More make it smaller than that: what these take when they are read, with a model beside them, is
half of the memory of the function that scores them."""
MAX_SHARD_BYTES = 1024 * 1024 * 1024
"""Of the row groups that one shard is in; they lie on the disk of the function that reads them."""

MAGIC = b"PAR1"
"""What a Parquet file begins and ends with."""
TAIL_BYTES = 8
"""Its end: how long the footer before it is, in four bytes, and the magic number."""
_MAX_FOOTER_BYTES = 256 * 1024 * 1024


def cut_parquet(origin: Origin, connection: duckdb.DuckDBPyConnection) -> list[Shard]:
    """Cut a Parquet file into shards, always the same for the same file.

    Raises
    ------
    InvalidInputError
        If it has no rows or cannot be read; one sentence.
    """
    try:
        with open_groups(origin, 0, 0) as path:
            found = connection.execute(
                "SELECT any_value(row_group_num_rows), count(*), sum(total_uncompressed_size),"
                " count(DISTINCT lower(path_in_schema)), min(least(data_page_offset,"
                " CASE WHEN dictionary_page_offset > 0 THEN dictionary_page_offset"
                " ELSE data_page_offset END)) AS first, max(total_compressed_size"
                " + least(data_page_offset, CASE WHEN dictionary_page_offset > 0"
                " THEN dictionary_page_offset ELSE data_page_offset END))"
                " FROM parquet_metadata(?) GROUP BY row_group_id ORDER BY row_group_id",
                [str(path)],
            ).fetchall()
    except duckdb.Error as error:
        raise broken(origin.name) from error
    groups = [_Group(*group) for group in found if group[0]]
    ends = list(accumulate(group.rows for group in groups))
    if not ends:
        raise InvalidInputError(
            f"{origin.name} has columns and no rows.", next_step="Send rows too."
        )
    if groups[0].names < groups[0].columns:
        raise InvalidInputError(
            f"{origin.name} has two columns of the same name (upper and lower case count as one).",
            next_step="Give every column a name of its own.",
        )
    return list(_cut(groups, ends, origin.name))


class _Group(NamedTuple):
    """A row group: what it holds, and between which bytes it lies."""

    rows: int
    columns: int
    plain_bytes: int
    names: int
    start: int
    end: int


def _cut(groups: list[_Group], ends: list[int], name: str) -> Iterator[Shard]:
    total, size = ends[-1], _choose_rows(groups)
    group = 0
    for number, first in enumerate(range(0, total, size)):
        rows = min(size, total - first)
        while ends[group] <= first:
            group += 1
        last = group
        while ends[last] < first + rows:
            last += 1
        start = min(each.start for each in groups[group : last + 1])
        end = max(each.end for each in groups[group : last + 1])
        if end - start > MAX_SHARD_BYTES:
            raise InvalidInputError(
                f"{name} has a row group of {(end - start) / 1024**2:,.0f} MiB;"
                f" {MAX_SHARD_BYTES // 1024**2:,} are allowed.",
                next_step="Write the file with smaller row groups, of 100,000 rows or so.",
            )
        yield Shard(number, start, end, first + 1, rows)


def _choose_rows(groups: list[_Group]) -> int:
    total = sum(group.rows for group in groups)
    row_bytes = max(1, sum(group.plain_bytes for group in groups) // total)
    least, most = SHARD_ROWS
    most = min(most, MAX_SHARD_CELLS // groups[0].columns, MAX_SHARD_TEXT_BYTES // row_bytes)
    return max(1, min(most, max(least, -(-total // SHARDS_OF_A_FILE))))


@contextmanager
def open_groups(origin: Origin, start: int, end: int) -> Iterator[Path]:
    """Open a Parquet file; of one elsewhere some bytes are there (before `end`), and the footer.

    Yields
    ------
    Path
        Of a file on this computer, a link to it.

    Raises
    ------
    InvalidInputError
        If its footer is not one.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        if isinstance(origin, FileOrigin):
            # duckdb sees patterns in a path, and values of columns: rows[1].parquet, plan=pro/.
            path.symlink_to(origin.path.resolve())
        else:
            _fetch(origin, start, end, path)
        yield path


def _fetch(origin: Origin, start: int, end: int, path: Path) -> None:
    tail = origin.read(max(0, origin.size - TAIL_BYTES), origin.size)
    footer = int.from_bytes(tail[:4], "little") + TAIL_BYTES
    if not tail.endswith(MAGIC) or footer > min(origin.size, _MAX_FOOTER_BYTES):
        raise broken(origin.name)
    with path.open("wb") as file:
        file.write(MAGIC)
        for first in range(start, end, BLOCK_BYTES):
            file.seek(first)
            file.write(origin.read(first, min(first + BLOCK_BYTES, end)))
        file.seek(origin.size - footer)
        file.write(origin.read(origin.size - footer, origin.size))


def broken(name: str) -> InvalidInputError:
    """Return what to say of a file that says that it is Parquet and is not."""
    return InvalidInputError(
        f"{name} begins like a Parquet file and cannot be read as one.", next_step=CANNOT_PARSE
    )
