"""Read a CSV into a duckdb table of text cells, or say in one line why not.

The structure (quotes, number of fields) is checked by looking at all bytes at once. A file with an
unusual quotation mark goes through Python's own reader, which is slow and knows the exact row of
every fault.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.contract import FileFormat
from core.errors import InvalidInputError
from training.data.structure import Structure, cut_out, find_structure
from training.data.table import CANNOT_PARSE, RaggedRow, RawTable, count_rows, name_columns

MAX_FIELD_CHARACTERS = 1024 * 1024
DELIMITERS = (",", ";", "\t", "|")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def sniff_delimiter(header: str) -> str:
    """Return the delimiter that cuts a header line into the most fields (the comma at a tie)."""
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def read_csv(
    connection: duckdb.DuckDBPyConnection,
    body: bytes,
    written: FileFormat,
    *,
    name: str,
    folder: Path,
) -> RawTable:
    """Read a CSV of a folder's file into the view ``raw``; see `training.data.read.open_raw`."""
    body = _clean_bytes(body, written.encoding, name=name)
    delimiter = read_delimiter(body, written)
    above = 0
    if not written.header:
        body, above = _name_by_place(body, _first_line(body), delimiter), 1
    place = _Place(name, folder, delimiter, above)
    found = _read_regular(connection, body, place) or _read_carefully(connection, body, place)
    if not found.row_count:
        raise InvalidInputError(f"{name} has a header and no rows", next_step="send rows too")
    return found


def read_delimiter(body: bytes, written: FileFormat) -> str:
    """Return what stands between the fields of a CSV: as declared, or as its first row shows."""
    return written.delimiter or sniff_delimiter(_first_line(body))


def _first_line(body: bytes) -> str:
    # Line ends may still be carriage returns here, and letters in any encoding.
    lines = body[:MAX_FIELD_CHARACTERS].removeprefix(_BYTE_ORDER_MARK).lstrip(b"\r\n")
    return next(iter(lines.splitlines()), b"").decode(errors="replace")


def _name_by_place(body: bytes, first_line: str, delimiter: str) -> bytes:
    """Put a header above a file that has none, as wide as its first row."""
    cells: list[str] = next(csv.reader([first_line], delimiter=delimiter), [])
    header = delimiter.join(f"column_{place}" for place in range(1, len(cells) + 1))
    return header.encode() + b"\n" + body


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of a file beside its bytes; `above` rows were put above its own."""

    name: str
    folder: Path
    delimiter: str
    above: int

    @property
    def path(self) -> Path:
        """The file that duckdb reads."""
        return self.folder / "raw.csv"


def _read_regular(
    connection: duckdb.DuckDBPyConnection, body: bytes, place: _Place
) -> RawTable | None:
    """Read a CSV whose records can be told apart at a glance; None when this one's cannot."""
    delimiter = place.delimiter
    structure = find_structure(body, delimiter=delimiter)
    if structure is None or not structure.fields[0]:
        return None
    if structure.longest_bytes > MAX_FIELD_CHARACTERS:
        return None
    header, *_ = _parse(body, structure, [0], delimiter)
    columns = name_columns(header, name=place.name)
    odd = structure.fields != len(columns)
    odd[0] = True
    with place.path.open("wb") as file:
        file.writelines(cut_out(body, structure, odd))
    longest_bytes = structure.longest_bytes
    expected = len(odd) - int(odd.sum())
    if not _agree(connection, place, len(columns), longest_bytes, expected):
        return None
    _number_rows(connection, np.flatnonzero(odd), above=place.above)
    ragged = np.flatnonzero(odd & (structure.fields > 0))[1:].tolist()
    cells = _parse(body, structure, ragged, delimiter)
    first = 1 - place.above
    rows = tuple(RaggedRow(first + record, row) for record, row in zip(ragged, cells, strict=True))
    row_count = int((structure.fields > 0).sum()) - 1
    return RawTable(connection=connection, columns=columns, row_count=row_count, ragged=rows)


def _agree(
    connection: duckdb.DuckDBPyConnection,
    place: _Place,
    width: int,
    longest_bytes: int,
    expected: int,
) -> bool:
    """Load the cells; where duckdb sees other records, the careful reader has the last word."""
    delimiter = place.delimiter
    try:
        _load_cells(connection, place.path, delimiter, width=width, longest_bytes=longest_bytes)
        if count_rows(connection, "cells") == expected:
            return True
    except duckdb.InvalidInputException:
        # Its message holds cells of the file; what is wrong, if anything, is found out below.
        pass
    connection.execute("DROP TABLE IF EXISTS cells")
    return False


def _parse(
    body: bytes, structure: Structure, records: list[int], delimiter: str
) -> list[tuple[str, ...]]:
    texts = (body[structure.starts[i] : structure.ends[i]].decode() for i in records)
    # Every text is one record, but may hold line feeds between quotation marks.
    return [
        tuple(next(csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)))
        for text in texts
    ]


def _number_rows(
    connection: duckdb.DuckDBPyConnection, left_out: NDArray[np.int64], *, above: int
) -> None:
    """Make the view ``raw``: the cells with the numbers that their records have in the file.

    `left_out` are the places of the records that are not among the cells; 0 is the header's.
    """
    if len(left_out) == 1:
        connection.execute(
            f"CREATE VIEW raw AS SELECT rowid + {2 - above:d} AS row_number, * FROM cells"  # noqa: S608
        )
        return
    # As many records lie before a cell's as its place says, and those that were left out.
    firsts = (left_out - np.arange(len(left_out))).tolist()
    connection.execute(
        "CREATE TABLE shifts AS SELECT first, max(shift) AS shift FROM (SELECT"
        " unnest(?::BIGINT[]) AS first, unnest(?::BIGINT[]) AS shift) GROUP BY first",
        [firsts, list(range(1, len(left_out) + 1))],
    )
    connection.execute(
        f"CREATE TABLE raw AS SELECT c.place + s.shift + {1 - above:d} AS row_number,"  # noqa: S608
        " c.* EXCLUDE (place)"
        " FROM (SELECT rowid AS place, * FROM cells) c"
        " ASOF JOIN shifts s ON c.place >= s.first ORDER BY row_number"
    )


def _load_cells(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    delimiter: str,
    *,
    width: int,
    longest_bytes: int,
    numbered: bool = False,
) -> None:
    """Read a CSV without a header into the table ``cells``."""
    types = {"row_number": "BIGINT"} if numbered else {}
    types |= {f"c{i}": "VARCHAR" for i in range(width)}
    connection.read_csv(
        str(path),
        header=False,
        auto_detect=False,
        columns=types,
        delimiter=delimiter,
        quotechar='"',
        escapechar='"',
        # Its count takes in more than the record itself.
        max_line_size=longest_bytes + 1024,
    ).create("cells")


def _read_carefully(connection: duckdb.DuckDBPyConnection, body: bytes, place: _Place) -> RawTable:
    """Read a CSV record by record, and write it anew as one that leaves no doubt."""
    path, name = place.path, place.name
    copied = _copy_regular_rows(body.decode(), place)
    width, written = len(copied.columns), copied.row_count
    longest_bytes = copied.longest_bytes
    try:
        _load_cells(connection, path, ",", width=width, longest_bytes=longest_bytes, numbered=True)
    except duckdb.InvalidInputException:
        # Not chained: its message holds cells of the file.
        raise InvalidInputError(f"{name} cannot be read", next_step=CANNOT_PARSE) from None
    connection.execute("CREATE VIEW raw AS SELECT * FROM cells")
    found = count_rows(connection, "cells")
    if found != written:
        raise InvalidInputError(
            f"{name} was read as {found} of {written} rows", next_step=CANNOT_PARSE
        )
    row_count = written + len(copied.ragged)
    return RawTable(connection, copied.columns, row_count, copied.ragged)


def _clean_bytes(body: bytes, encoding: str, *, name: str) -> bytes:
    """Return a CSV in UTF-8 with line feeds as its only line ends, or name the faulty row."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    nul = body.find(b"\0")
    if nul >= 0:
        raise InvalidInputError(
            f"{name}, row {_row_at(body, nul)}: a NUL byte, which no CSV holds (UTF-16 text does)",
            next_step="save the file as UTF-8 text",
        )
    body = _as_utf8(body, encoding, name=name)
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return body


def _as_utf8(body: bytes, encoding: str, *, name: str) -> bytes:
    try:
        if not body.isascii():
            body.decode()
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            raise InvalidInputError(
                f"{name}, row {_row_at(body, error.start)}: not UTF-8 text",
                next_step="save the file in UTF-8, or say what it is in with --encoding latin-1",
            ) from error
    else:
        return body
    try:
        return body.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{name}, row {_row_at(body, error.start)}: not {encoding} text",
            next_step="save the file in UTF-8",
        ) from error


def _row_at(body: bytes, position: int) -> int:
    before = body[:position]
    return max(before.count(b"\n"), before.count(b"\r")) + 1


@dataclass(frozen=True, slots=True)
class _Copied:
    columns: tuple[str, ...]
    ragged: tuple[RaggedRow, ...]
    row_count: int
    longest_bytes: int


def _copy_regular_rows(text: str, place: _Place) -> _Copied:
    """Write the records with the right number of fields, fully quoted and numbered."""
    path, name = place.path, place.name
    records = _records(text, place)
    first_number, header = next(records)
    if first_number != 1 - place.above:
        raise InvalidInputError(
            f"{name}, row 1: blank where the header should be", next_step="delete the blank rows"
        )
    columns = name_columns(tuple(header), name=name)
    ragged: list[RaggedRow] = []
    row_count = longest_characters = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row_number, cells in records:
            if len(cells) == len(columns):
                longest_characters = max(longest_characters, writer.writerow([row_number, *cells]))
                row_count += 1
            else:
                ragged.append(RaggedRow(row_number=row_number, cells=tuple(cells)))
    # A character of UTF-8 has at most four bytes.
    return _Copied(columns, tuple(ragged), row_count, longest_bytes=4 * longest_characters)


def _records(text: str, place: _Place) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of every record that is not blank."""
    row_number = -place.above
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        lines = io.StringIO(text, newline="\n")
        for cells in csv.reader(lines, delimiter=place.delimiter, strict=True):
            row_number += 1
            if cells:
                yield row_number, cells
    except csv.Error as error:
        raise InvalidInputError(
            f"{place.name}, row {row_number + 1}: {_fault(str(error))}",
            next_step="correct that row",
        ) from error
    finally:
        csv.field_size_limit(limit)


def _fault(message: str) -> str:
    if "field limit" in message:
        return (
            f"a field of more than {MAX_FIELD_CHARACTERS:,} characters"
            " (a quotation mark that is never closed looks like this too)"
        )
    if "end of data" in message:
        return "a quotation mark is opened and never closed"
    return "a quotation mark inside a quoted field is not doubled"
