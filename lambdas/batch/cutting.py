"""A CSV of any length cut where records end, in the same places wherever it is cut.

Where its quotation marks leave an end in doubt, Python's own reader says where it is. The pieces
are then read by the very functions that training reads a file with.
"""

import re
from dataclasses import dataclass, replace

from core.contract import FileFormat
from core.errors import InvalidInputError
from lambdas.batch.ends import find_end, take_header
from lambdas.batch.layout import BYTE_ORDER_MARK, Layout, Letters, Shard
from lambdas.batch.origin import BLOCK_BYTES, Origin
from training.data.csv_file import read_delimiter

SHARDS_OF_A_FILE = 8
SHARD_BYTES = (4 * 1024 * 1024, 16 * 1024 * 1024)
"""A file is cut into about as many shards as the first says, but of these sizes at least and most:
enough of them to be scored side by side, and long enough to be worth their beginning."""

_LONGEST_SHARDS = 4  # shards that one record may take
_SOMETHING = re.compile(rb"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next shard begins: byte, row and number."""

    offset: int = 0
    row: int = 1
    number: int = 0


def look_at_csv(origin: Origin, written: FileFormat) -> tuple[Layout, Cursor]:
    """Read a CSV's header; return what its shards have in common, and where the first begins.

    Raises
    ------
    InvalidInputError
        If there is none; one sentence.
    """
    body = origin.read(0, BLOCK_BYTES)
    offset = len(body)
    body = body.removeprefix(BYTE_ORDER_MARK)
    offset -= len(body)
    row = 1
    if not written.header:
        plain = body.lstrip(b"\r\n")
        blank = body[: len(body) - len(plain)]
        row += len(blank.splitlines())
        offset, body = offset + len(blank), plain
    form = FileFormat.model_validate({**written.model_dump(), "encoding": "utf-8"})
    delimiter = read_delimiter(body, form)
    header, width = take_header(body, delimiter, origin.name)
    if written.header:
        offset, row = offset + len(header), row + 1
    else:
        header = delimiter.join(f"column_{place}" for place in range(1, width + 1)).encode()
    # A carriage return alone would make one line end with a line feed below.
    header = header.rstrip(b"\r\n") + b"\n"
    letters = Letters(written, origin.name)
    letters.look(header, row=1)
    layout = Layout(is_parquet=False, encoding=letters.encoding, delimiter=delimiter, header=header)
    return layout, Cursor(offset, row)


def cut_csv(
    origin: Origin, written: FileFormat, layout: Layout, cursor: Cursor, *, at_most: int | None
) -> tuple[Layout, list[Shard], Cursor | None]:
    """Cut a CSV from a place on.

    Parameters
    ----------
    at_most : int or None
        Shards after which to stop.

    Returns
    -------
    (Layout, list of Shard, Cursor or None)
        The layout, with the encoding as far as it was read; the shards; and where the next would
        begin, None at the end of the file.

    Raises
    ------
    InvalidInputError
        If it has no rows, or the end of a record cannot be found; one sentence.
    """
    letters = Letters(written, origin.name, encoding=layout.encoding)
    shards: list[Shard] = []
    while cursor.offset < origin.size and (at_most is None or len(shards) < at_most):
        body, records = _read_records(origin, layout, cursor)
        letters.look(body, row=cursor.row)
        start, end = cursor.offset, cursor.offset + len(body)
        has_rows = _SOMETHING.search(body) is not None
        if has_rows:
            shards.append(Shard(cursor.number, start, end, cursor.row, records))
        cursor = Cursor(end, cursor.row + records, cursor.number + has_rows)
    if not cursor.number:
        raise InvalidInputError(
            f"{origin.name} has a header and no rows.", next_step="Send rows too."
        )
    following = cursor if cursor.offset < origin.size else None
    return replace(layout, encoding=letters.encoding), shards, following


def choose_size(size: int) -> int:
    """Return the bytes of a shard of a file of this many."""
    least, most = SHARD_BYTES
    return min(most, max(least, -(-size // SHARDS_OF_A_FILE)))


def _read_records(origin: Origin, layout: Layout, cursor: Cursor) -> tuple[bytes, int]:
    """Read a shard's records from a place on; return their bytes, and how many they are."""
    size = choose_size(origin.size)
    for several in range(1, _LONGEST_SHARDS + 1):
        stop = min(cursor.offset + several * size, origin.size)
        body = origin.read(cursor.offset, stop)
        end, records = find_end(
            body, layout.delimiter, origin.name, row=cursor.row, is_last=stop == origin.size
        )
        if end:
            return body[:end], records
    raise InvalidInputError(
        f"{origin.name}, row {cursor.row}: a quotation mark is opened and never closed, or the"
        " record is too long.",
        next_step="Correct that row.",
    )
