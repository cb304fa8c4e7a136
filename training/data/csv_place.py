"""Where a CSV lies and how duckdb looks at it; its bytes, made plain."""

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from training.data.cells import quote_text
from training.data.table import declare_shifts

MAX_FIELD_CHARACTERS = 1024 * 1024
# The limit is one for all threads of a process, so nobody may change it for a while.
csv.field_size_limit(MAX_FIELD_CHARACTERS)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a file beside its bytes; its first row below the header is `first_row`."""

    connection: duckdb.DuckDBPyConnection
    name: str
    folder: Path
    delimiter: str
    first_row: int

    @property
    def path(self) -> Path:
        """The file that duckdb reads."""
        return self.folder / "raw.csv"

    def number(self, left_out: NDArray[np.int64]) -> None:
        """Declare the numbers of rows, given which records are not among the cells.

        `left_out` are the places of those, from 0, which is the header's.
        """
        # As many records lie before a cell's as its place says, and those that were left out.
        firsts = (left_out - np.arange(len(left_out))).tolist()
        numbers = range(self.first_row, self.first_row + len(left_out))
        declare_shifts(self.connection, firsts, list(numbers))


def view_cells(place: Place, *, width: int, longest_bytes: int, delimiter: str = "") -> None:
    """Make the view ``cells`` of a file of records without a header."""
    types = ", ".join(f"c{i}: 'VARCHAR'" for i in range(width))
    place.connection.execute(
        f"CREATE OR REPLACE VIEW cells AS SELECT * FROM read_csv({quote_text(str(place.path))},"  # noqa: S608
        f" header = false, auto_detect = false, columns = {{{types}}},"
        f" delim = {quote_text(delimiter or place.delimiter)}, quote = '\"', escape = '\"',"
        # Its count takes in more than the record itself.
        f" max_line_size = {longest_bytes + 1024:d})"
    ).fetchall()


def clean_bytes(body: bytes, encoding: str, *, name: str) -> bytes:
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
