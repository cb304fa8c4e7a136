"""A file of any length as shards: pieces that are read, scored and written one by one.

A CSV is cut where a record ends. Where its quotation marks leave that in doubt, Python's own reader
says where; each piece is then read by the very functions that training reads a file with.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.contract import FileFormat
from core.errors import InvalidInputError
from training.data.csv_file import read_delimiter
from training.data.csv_place import MAX_FIELD_CHARACTERS
from training.data.read import is_parquet, recognise
from training.data.structure import find_structure
from training.data.table import CANNOT_PARSE

SHARD_BYTES = 16 * 1024 * 1024
_BLOCK_BYTES = 4 * 1024 * 1024
_LONGEST_SHARDS = 4  # shards that one record may take
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, looked at once.

    Attributes
    ----------
    path : Path
    sha256 : str
    encoding : str
        Of a CSV: UTF-8 if all of it is that, else what its contract says.
    is_parquet : bool
    """

    path: Path
    sha256: str
    encoding: str
    is_parquet: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a CSV in UTF-8, with the file's header before it.

    Attributes
    ----------
    number : int
        From 0.
    first_row : int
        What the row after the header is called in the file.
    body : bytes
    """

    number: int
    first_row: int
    body: bytes


def look_at(path: Path, written: FileFormat) -> Source:
    """Read a file once: what it is, its hash, and how its letters are written.

    Raises
    ------
    InvalidInputError
        If it cannot be read, or is no CSV or Parquet; one sentence.
    """
    digest = hashlib.sha256()
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    head, lines = b"", 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                if not head:
                    head = block
                    _check_head(head, path.name)
                if is_parquet(head):
                    continue
                _check_block(block, path.name, row=lines + 1)
                decoder = _try_decoding(decoder, block, written, path.name, row=lines + 1)
                lines += block.count(b"\n")
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", next_step="Check the path."
        ) from None
    if not head:
        _check_head(head, path.name)
    encoding = "utf-8" if decoder else written.encoding
    return Source(path, digest.hexdigest(), encoding, is_parquet(head))


def cut_csv(source: Source, written: FileFormat, *, size: int = SHARD_BYTES) -> Iterator[Piece]:
    """Cut a CSV into pieces of about `size` bytes, always in the same places.

    Raises
    ------
    InvalidInputError
        If it has no rows, or the end of a record cannot be found; one sentence.
    """
    name = source.path.name
    blocks = _read_plain(source)
    rest = next(blocks, b"").lstrip(b"\n" if not written.header else b"")
    form = FileFormat.model_validate({**written.model_dump(), "encoding": "utf-8"})
    delimiter = read_delimiter(rest, form)
    header, row, number = b"", 1, 0
    wanted, ended = size, False
    while rest or not ended:
        while len(rest) < wanted and not ended:
            block = next(blocks, None)
            ended = block is None
            rest += block or b""
        if not header:
            header, rest = _take_header(rest, delimiter, written, name)
            row += int(written.header)
        end, records = _find_end(rest, delimiter, name, row=row, is_last=ended)
        if not end and len(rest) > _LONGEST_SHARDS * size:
            raise InvalidInputError(
                f"{name}, row {row}: a quotation mark is opened and never closed, or the record is"
                " too long.",
                next_step="Correct that row.",
            )
        wanted = size if end else len(rest) + size
        if rest[:end].strip(b"\n"):
            yield Piece(number, row, header + rest[:end])
            number += 1
        row, rest = row + records, rest[end:]
    if not number:
        raise InvalidInputError(f"{name} has a header and no rows.", next_step="Send rows too.")


def _check_head(head: bytes, name: str) -> None:
    if not head.strip():
        raise InvalidInputError(f"{name} is empty.", next_step="Send a file with a header and rows")
    if what := recognise(head):
        raise InvalidInputError(f"{name} is {what}, not CSV or Parquet.", next_step=CANNOT_PARSE)


def _check_block(block: bytes, name: str, *, row: int) -> None:
    if (nul := block.find(b"\0")) >= 0:
        row += block.count(b"\n", 0, nul)
        raise InvalidInputError(
            f"{name}, row {row}: a NUL byte, which no CSV holds.",
            next_step="Save the file as UTF-8 text.",
        )


def _try_decoding(
    decoder: codecs.IncrementalDecoder | None,
    block: bytes,
    written: FileFormat,
    name: str,
    *,
    row: int,
) -> codecs.IncrementalDecoder | None:
    if decoder is None:
        return None
    try:
        decoder.decode(block)
    except UnicodeDecodeError as error:
        if written.encoding != "utf-8":
            return None
        row += block.count(b"\n", 0, max(0, error.start))
        raise InvalidInputError(
            f"{name}, row {row}: not UTF-8 text.", next_step="Save the file in UTF-8."
        ) from None
    return decoder


def _read_plain(source: Source) -> Iterator[bytes]:
    """Read a CSV in blocks of UTF-8 with line feeds as its only line ends."""
    decoder = codecs.getincrementaldecoder(source.encoding)()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    with source.path.open("rb") as file:
        is_first = True
        while block := file.read(_BLOCK_BYTES):
            if is_first:
                block = block.removeprefix(_BYTE_ORDER_MARK)
                is_first = False
            try:
                yield newlines.decode(block).encode()
            except UnicodeDecodeError:
                raise InvalidInputError(
                    f"{source.path.name} is not {source.encoding} text.",
                    next_step="Save the file in UTF-8.",
                ) from None
    yield newlines.decode(b"", final=True).encode()


def _take_header(
    body: bytes, delimiter: str, written: FileFormat, name: str
) -> tuple[bytes, bytes]:
    lines = io.StringIO(body[: 4 * MAX_FIELD_CHARACTERS].decode(errors="replace"), newline="\n")
    try:
        cells: list[str] = next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        cells = []
    if not cells:
        raise InvalidInputError(
            f"{name}, row 1: blank where the header should be.", next_step="Delete the blank rows."
        )
    if not written.header:
        names = delimiter.join(f"column_{place}" for place in range(1, len(cells) + 1))
        return names.encode() + b"\n", body
    header = lines.getvalue()[: lines.tell()].encode()
    return header if header.endswith(b"\n") else header + b"\n", body[len(header) :]


def _find_end(
    body: bytes, delimiter: str, name: str, *, row: int, is_last: bool
) -> tuple[int, int]:
    """Return how many bytes, and how many records (blank ones too), are complete.

    (0, 0) if not one is.
    """
    end = len(body) if is_last else body.rfind(b"\n") + 1
    odd = body.count(b'"', 0, end) % 2
    while end and odd and not is_last:
        # Without quotation marks every line is a record; with them, one ends where they are even.
        earlier = body.rfind(b"\n", 0, end - 1) + 1
        odd ^= body.count(b'"', earlier, end) % 2
        end = earlier
    piece = body[:end]
    if end and b'"' not in piece:
        return end, piece.count(b"\n") + (not piece.endswith(b"\n"))
    structure = find_structure(piece, delimiter=delimiter) if end else None
    if structure is not None:
        return end, len(structure.starts)
    return _find_end_carefully(body, delimiter, name, row=row, is_last=is_last)


def _find_end_carefully(
    body: bytes, delimiter: str, name: str, *, row: int, is_last: bool
) -> tuple[int, int]:
    whole = body if is_last else body[: body.rfind(b"\n") + 1]
    lines = whole.split(b"\n")
    reader = csv.reader(
        (line.decode("latin-1") + "\n" for line in lines), delimiter=delimiter, strict=True
    )
    taken = records = 0
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        for _ in reader:
            taken, records = reader.line_num, records + 1
    except csv.Error as error:
        if is_last or "end of data" not in str(error):
            raise InvalidInputError(
                f"{name}, row {row + records}: its quotation marks cannot be understood.",
                next_step="Correct that row.",
            ) from None
    finally:
        csv.field_size_limit(limit)
    if taken >= len(lines):  # the empty line after the last line feed is none
        return len(whole), records - int(not lines[-1])
    return sum(len(line) + 1 for line in lines[:taken]), records
