"""Read a CSV record by record, and write it anew as one that leaves no doubt.

Slow, and for the few files only whose quotation marks stand in unusual places: this reader knows
the row of every fault.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInputError
from training.data.csv_place import MAX_FIELD_CHARACTERS, Place, view_cells
from training.data.table import RaggedRow, RawTable, name_columns


def read_carefully(body: bytes, place: Place) -> RawTable:
    """Read a CSV with Python's own reader.

    Raises
    ------
    InvalidInputError
        If it cannot be read; the message names the row.
    """
    copied = _copy_regular_rows(body.decode(), place)
    view_cells(place, width=len(copied.columns), longest_bytes=copied.longest_bytes, delimiter=",")
    place.number(np.array(copied.left_out, dtype=np.int64))
    return RawTable(
        connection=place.connection,
        name=place.name,
        columns=copied.columns,
        row_count=copied.row_count + len(copied.ragged),
        ragged=copied.ragged,
    )


@dataclass(frozen=True, slots=True)
class _Copied:
    columns: tuple[str, ...]
    ragged: tuple[RaggedRow, ...]
    left_out: tuple[int, ...]
    row_count: int
    longest_bytes: int


def _copy_regular_rows(text: str, place: Place) -> _Copied:
    """Write the records with the right number of fields, fully quoted."""
    records = _records(text, place)
    header = next(records)
    if not header:
        raise InvalidInputError(
            f"{place.name}, row 1: blank where the header should be",
            next_step="delete the blank rows",
        )
    columns = name_columns(tuple(header), name=place.name)
    ragged: list[RaggedRow] = []
    left_out = [0]
    row_count = longest_characters = 0
    with place.path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for record, cells in enumerate(records, start=1):
            if len(cells) == len(columns):
                longest_characters = max(longest_characters, writer.writerow(cells))
                row_count += 1
                continue
            left_out.append(record)
            if cells:
                ragged.append(RaggedRow(record + place.first_row - 1, tuple(cells)))
    # A character of UTF-8 has at most four bytes.
    return _Copied(columns, tuple(ragged), tuple(left_out), row_count, 4 * longest_characters)


def _records(text: str, place: Place) -> Iterator[list[str]]:
    """Yield the cells of every record, none of a blank one."""
    row_number = place.first_row - 2
    try:
        lines = io.StringIO(text, newline="\n")
        for cells in csv.reader(lines, delimiter=place.delimiter, strict=True):
            row_number += 1
            yield cells
    except csv.Error as error:
        raise InvalidInputError(
            f"{place.name}, row {row_number + 1}: {_fault(str(error))}",
            next_step="correct that row (within quotation marks, another one is written twice)",
        ) from error


def _fault(message: str) -> str:
    if "field limit" in message:
        return (
            f"a field of more than {MAX_FIELD_CHARACTERS:,} characters"
            " (a quotation mark that is never closed looks like this too)"
        )
    if "end of data" in message:
        return "a quotation mark is opened and never closed"
    return "a quotation mark inside a quoted field is not doubled"
