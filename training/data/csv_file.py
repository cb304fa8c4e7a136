"""Read a CSV as rows of text cells, or say in one line why not.

There are three ways, from the quickest to the most careful: a file without quotation marks and
blank rows goes to duckdb as it is; of another, the structure (quotes, number of fields) is checked
by looking at all bytes at once; one with an unusual quotation mark goes through Python's own reader
(`training.data.careful`), which is slow and knows the exact row of every fault.
"""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np

from core.contract import FileFormat
from core.errors import InvalidInputError
from training.data.careful import read_carefully
from training.data.cells import ODD_MARKS
from training.data.csv_place import MAX_FIELD_CHARACTERS, Place, clean_bytes, view_cells
from training.data.structure import Structure, count_marks, cut_out, find_structure
from training.data.table import RaggedRow, RawTable, declare_shifts, name_columns

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
    first_row: int = 2,
) -> RawTable:
    """Read a CSV by way of a folder's file; see `training.data.read.open_raw`.

    Its first row below the header is called `first_row`.
    """
    body = clean_bytes(body, written.encoding, name=name)
    delimiter = read_delimiter(body, written)
    if not written.header:
        body, first_row = _name_by_place(body, _first_line(body), delimiter), first_row - 1
    place = Place(connection, name, folder, delimiter, first_row)
    found = _read_plain(body, place) or _read_structured(body, place)
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


def _read_plain(body: bytes, place: Place) -> RawTable | None:
    """Read a CSV whose every line is a record, as its bytes show; None when it is another."""
    end = body.find(b"\n")
    header = body[: end if end >= 0 else len(body)]
    if not header or b'"' in body or len(header) > MAX_FIELD_CHARACTERS:
        return None
    columns = name_columns(tuple(header.decode().split(place.delimiter)), name=place.name)
    start = len(header) + 1
    with ThreadPoolExecutor(max_workers=1) as beside, place.path.open("wb") as file:
        counting = beside.submit(count_marks, body, start=start, delimiter=place.delimiter)
        file.write(memoryview(body)[start:])
        rows, marks = counting.result()
    # A blank row has no delimiter, so that the marks do not add up; in a single column it is seen.
    if marks != rows * (len(columns) - 1) or (len(columns) == 1 and b"\n\n" in body):
        return None
    view_cells(place, width=len(columns), longest_bytes=MAX_FIELD_CHARACTERS)
    declare_shifts(place.connection, [0], [place.first_row])
    return RawTable(
        connection=place.connection,
        name=place.name,
        columns=columns,
        row_count=rows,
        odd_marks=_list_odd_marks(body, start),
        again=lambda: _read_structured(body, place),
    )


def _read_structured(body: bytes, place: Place) -> RawTable:
    """Read a CSV whose records can be told apart at a glance; carefully, when they cannot."""
    delimiter = place.delimiter
    structure = find_structure(body, delimiter=delimiter)
    if (
        structure is None
        or not structure.fields[0]
        or structure.longest_bytes > MAX_FIELD_CHARACTERS
    ):
        return read_carefully(body, place)
    header, *_ = _parse(body, structure, [0], delimiter)
    columns = name_columns(header, name=place.name)
    odd = structure.fields != len(columns)
    odd[0] = True
    with place.path.open("wb") as file:
        file.writelines(cut_out(body, structure, odd))
    view_cells(place, width=len(columns), longest_bytes=structure.longest_bytes)
    place.number(np.flatnonzero(odd))
    ragged = np.flatnonzero(odd & (structure.fields > 0))[1:].tolist()
    cells = _parse(body, structure, ragged, delimiter)
    first = place.first_row - 1
    return RawTable(
        connection=place.connection,
        name=place.name,
        columns=columns,
        row_count=int((structure.fields > 0).sum()) - 1,
        ragged=tuple(
            RaggedRow(first + record, row) for record, row in zip(ragged, cells, strict=True)
        ),
        odd_marks=_list_odd_marks(body),
        again=lambda: read_carefully(body, place),
    )


def _list_odd_marks(body: bytes, start: int = 0) -> tuple[str, ...]:
    return tuple(mark for mark in ODD_MARKS if body.find(mark.encode(), start) >= 0)


def _parse(
    body: bytes, structure: Structure, records: list[int], delimiter: str
) -> list[tuple[str, ...]]:
    texts = (body[structure.starts[i] : structure.ends[i]].decode() for i in records)
    # Every text is one record, but may hold line feeds between quotation marks.
    return [
        tuple(next(csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)))
        for text in texts
    ]
