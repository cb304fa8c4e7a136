"""A CSV of any length cut where records end, in the same places wherever it is cut.

Where its quotation marks leave an end in doubt, Python's own reader says where it is. The pieces
are then read by the very functions that training reads a file with.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.contract import FileFormat
from core.errors import InvalidInputError
from lambdas.batch.ends import find_end, take_header
from lambdas.batch.layout import BYTE_ORDER_MARK, Layout, Letters, Shard
from lambdas.batch.origin import BLOCK_BYTES, Origin, read_blocks
from training.data.csv_file import read_delimiter

SHARDS_OF_A_FILE = 8
SHARD_BYTES = (4 * 1024 * 1024, 16 * 1024 * 1024)
"""A file is cut into about as many shards as the first says, but of these sizes at least and most:
enough of them to be scored side by side, and long enough to be worth their beginning."""

_LONGEST_SHARDS = 4  # shards that one record may take


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
    if not header.endswith((b"\r", b"\n")):
        header += b"\n"
    letters = Letters(written, origin.name)
    for _ in letters.watch([header], row=1):
        pass
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
    blocks = letters.watch(read_blocks(origin, cursor.offset), row=cursor.row)
    size = choose_size(origin.size)
    shards: list[Shard] = []
    for shard, cursor in _cut(blocks, layout, origin.name, cursor, size=size):  # noqa: B020, PLR1704
        if shard is not None:
            shards.append(shard)
        if at_most is not None and len(shards) >= at_most:
            return replace(layout, encoding=letters.encoding), shards, cursor
    if not cursor.number:
        raise InvalidInputError(
            f"{origin.name} has a header and no rows.", next_step="Send rows too."
        )
    return replace(layout, encoding=letters.encoding), shards, None


def choose_size(size: int) -> int:
    """Return the bytes of a shard of a file of this many."""
    least, most = SHARD_BYTES
    return min(most, max(least, -(-size // SHARDS_OF_A_FILE)))


def _cut(
    blocks: Iterator[bytes], layout: Layout, name: str, cursor: Cursor, *, size: int
) -> Iterator[tuple[Shard | None, Cursor]]:
    """Yield shards, or None for a stretch of blank rows, with where the next one begins."""
    rest, wanted, ended = b"", size, False
    while rest or not ended:
        while len(rest) < wanted and not ended:
            block = next(blocks, None)
            ended = block is None
            rest += block or b""
        if not rest:
            return
        body = rest[:wanted]
        is_last = ended and len(body) == len(rest)
        end, records = find_end(body, layout.delimiter, name, row=cursor.row, is_last=is_last)
        if not end:
            if len(body) > _LONGEST_SHARDS * size:
                raise InvalidInputError(
                    f"{name}, row {cursor.row}: a quotation mark is opened and never closed, or the"
                    " record is too long.",
                    next_step="Correct that row.",
                )
            wanted = len(body) + size
            continue
        wanted = size
        shard = None
        if body[:end].strip(b"\r\n"):
            start = cursor.offset
            shard = Shard(cursor.number, start, start + end, cursor.row, records)
        cursor = Cursor(
            cursor.offset + end, cursor.row + records, cursor.number + (shard is not None)
        )
        rest = rest[end:]
        yield shard, cursor
