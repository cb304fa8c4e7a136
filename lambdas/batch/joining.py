"""Parquet files of the same columns made one without reading a row: their row groups are copied.

What a row group holds does not depend on where it lies. Only the footer says where that is, in
bytes from the file's beginning. Numbers of fields are those of Parquet's format (parquet.thrift).
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from core.errors import IntegrityError
from lambdas.batch.origin import BLOCK_BYTES
from lambdas.batch.row_groups import MAGIC, TAIL_BYTES
from lambdas.batch.thrift import I64, LIST, STRUCT, Struct, read_struct, write_struct

_SCHEMA, _ROWS, _GROUPS = 2, 3, 4  # of a file
_COLUMNS, _GROUP_PLACE, _GROUP_NUMBER = 1, 5, 7  # of a row group
_CONTENT, _PAGE_INDEXES = 3, (4, 6)  # of a column in it
_CONTENT_PLACES = (9, 10, 11, 14)  # its data, index and dictionary pages, its Bloom filter


def join_files(paths: Sequence[Path], to: Path) -> None:
    """Write the rows of files after one another into one.

    Parameters
    ----------
    paths : sequence of Path
        At least one, all of the same columns.

    Raises
    ------
    IntegrityError
        If one is not a whole Parquet file, or has other columns than the first.
    """
    first: Struct = {}
    rows = 0
    groups: list[Struct] = []
    with to.open("wb") as out:
        out.write(MAGIC)
        for path in paths:
            with path.open("rb") as file:
                start, footer = _read_footer(file, path)
                first = first or footer
                if footer[_SCHEMA] != first[_SCHEMA]:
                    raise IntegrityError(
                        f"{path.name} has other columns than {paths[0].name}.",
                        next_step=f"Delete {path.parent}, and run the same command again.",
                    )
                rows += footer[_ROWS][1]
                by = out.tell() - len(MAGIC)
                groups += [_move(group, by) for group in footer[_GROUPS][1][1]]
                file.seek(len(MAGIC))
                for place in range(len(MAGIC), start, BLOCK_BYTES):
                    out.write(file.read(min(BLOCK_BYTES, start - place)))
        # What else a footer says, who wrote the file above all, is the first one's.
        body = write_struct({**first, _ROWS: (I64, rows), _GROUPS: (LIST, (STRUCT, groups))})
        out.write(body + len(body).to_bytes(4, "little") + MAGIC)


def _read_footer(file: BinaryIO, path: Path) -> tuple[int, Struct]:
    """Return where a file's footer begins, and what it says."""
    size = file.seek(0, 2)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read()
    start = size - TAIL_BYTES - int.from_bytes(tail[:4], "little")
    footer: Struct = {}
    if tail.endswith(MAGIC) and start >= len(MAGIC):
        file.seek(start)
        with suppress(IntegrityError):
            footer = read_struct(file.read(size - TAIL_BYTES - start))
    if not footer.keys() >= {_SCHEMA, _ROWS, _GROUPS}:
        raise IntegrityError(
            f"{path.name} is not a whole Parquet file.",
            next_step=f"Delete {path}, and run the same command again.",
        )
    return start, footer


def _move(group: Struct, by: int) -> Struct:
    """Return a row group as it is so many bytes further on."""
    kind, (inner, columns) = group[_COLUMNS]
    moved = _shift(group, (_GROUP_PLACE,), by)
    moved[_COLUMNS] = kind, (inner, [_move_column(column, by) for column in columns])
    moved.pop(_GROUP_NUMBER, None)  # it may be left out, and was counted in another file
    return moved


def _move_column(column: Struct, by: int) -> Struct:
    moved = _shift(column, _PAGE_INDEXES, by)
    kind, content = column[_CONTENT]
    moved[_CONTENT] = kind, _shift(content, _CONTENT_PLACES, by)
    return moved


def _shift(struct: Struct, places: tuple[int, ...], by: int) -> Struct:
    return {
        number: (kind, value + by) if number in places else (kind, value)
        for number, (kind, value) in struct.items()
    }
