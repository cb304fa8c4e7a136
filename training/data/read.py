"""Read a raw file (CSV or Parquet) into a duckdb table of text cells, or say in one line why not.

The structure of a CSV (quotes, number of fields, encoding) is checked by Python's own reader, which
knows the exact row of every fault; everything after that is vectorised in duckdb.

Rows are counted as a spreadsheet counts them: a CSV's header is row 1, its first record row 2.
A Parquet file has no header row: its first record is row 1.
"""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.errors import InvalidInputError

MAX_RAW_BYTES = 256 * 1024 * 1024
MAX_FIELD_CHARACTERS = 1024 * 1024
DELIMITERS = (",", ";", "\t", "|")
_PARQUET_MAGIC = b"PAR1"
_OTHER_FORMATS = {
    b"PK\x03\x04": "a spreadsheet (xlsx, ods) or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (xls)",
    b"\x1f\x8b": "compressed (gzip)",
    b"BZh": "compressed (bzip2)",
    b"\xfd7zXZ": "compressed (xz)",
    b"\x28\xb5\x2f\xfd": "compressed (zstd)",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"%PDF": "a PDF document",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CANNOT_PARSE = "save it again as CSV (UTF-8, a comma between fields), or as Parquet"


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A record with too few or too many fields: it cannot be told which cell belongs where."""

    row_number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw file as text cells in the duckdb table ``raw``.

    The table has the columns ``row_number`` (BIGINT) and ``c0``, ``c1``, … (VARCHAR), one for each
    name in `columns` in the file's order: names from the file never become part of a statement.
    """

    connection: duckdb.DuckDBPyConnection
    columns: tuple[str, ...]
    row_count: int
    ragged: tuple[RaggedRow, ...]


def connect(folder: str | Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory duckdb that needs neither a home directory nor the network.

    Parameters
    ----------
    folder : str or Path
        A writable folder for what does not fit into memory. In Lambda only ``/tmp`` is writable.
    """
    return duckdb.connect(
        ":memory:",
        config={
            "home_directory": str(folder),
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": 2,
        },
    )


@contextmanager
def open_raw(body: bytes, *, name: str) -> Iterator[RawTable]:
    """Open a raw file for as long as the ``with`` block runs.

    Parameters
    ----------
    body : bytes
        The file as it landed. Parquet is recognised by its first four bytes; all else is CSV with a
        comma, semicolon, tab or bar between fields, in UTF-8, with or without a byte-order mark.
    name : str
        The file's name, for messages.

    Raises
    ------
    InvalidInputError
        One line that names the file, the row, what is wrong and what to do.
    """
    if len(body) > MAX_RAW_BYTES:
        raise InvalidInputError(
            f"{name} has {len(body):,} bytes; at most {MAX_RAW_BYTES:,} are read in one file",
            next_step="split it into several files",
        )
    if not body.strip():
        raise InvalidInputError(f"{name} is empty", next_step="send a file with a header and rows")
    for magic, what in _OTHER_FORMATS.items():
        if body.startswith(magic):
            raise InvalidInputError(
                f"{name} is {what}, not CSV or Parquet", next_step=_CANNOT_PARSE
            )
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        if body.startswith(_PARQUET_MAGIC):
            yield _read_parquet(connection, body, name=name, folder=Path(folder))
        else:
            yield _read_csv(connection, body, name=name, folder=Path(folder))


def sniff_delimiter(header: str) -> str:
    """Return the delimiter that cuts a header line into the most fields (the comma at a tie)."""
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _read_parquet(
    connection: duckdb.DuckDBPyConnection, body: bytes, *, name: str, folder: Path
) -> RawTable:
    path = folder / "raw.parquet"
    path.write_bytes(body)
    try:
        relation = connection.read_parquet(str(path))
        columns = _named(tuple(relation.columns), name=name)
        quoted = ('"' + column.replace('"', '""') + '"' for column in relation.columns)
        cells = ", ".join(f"CAST({cell} AS VARCHAR) AS c{i}" for i, cell in enumerate(quoted))
        relation.project(f"row_number() OVER () AS row_number, {cells}").create("raw")
    except duckdb.Error as error:
        raise InvalidInputError(
            f"{name} begins like a Parquet file and cannot be read as one", next_step=_CANNOT_PARSE
        ) from error
    row_count = _count(connection)
    if not row_count:
        raise InvalidInputError(f"{name} has columns and no rows", next_step="send rows too")
    return RawTable(connection=connection, columns=columns, row_count=row_count, ragged=())


def _read_csv(
    connection: duckdb.DuckDBPyConnection, body: bytes, *, name: str, folder: Path
) -> RawTable:
    path = folder / "raw.csv"
    copied = _copy_regular_rows(_decode(body, name=name), path, name=name)
    columns, ragged, written = copied.columns, copied.ragged, copied.row_count
    if not written and not ragged:
        raise InvalidInputError(f"{name} has a header and no rows", next_step="send rows too")
    types = {"row_number": "BIGINT"} | {f"c{i}": "VARCHAR" for i in range(len(columns))}
    connection.read_csv(
        str(path),
        header=False,
        auto_detect=False,
        columns=types,
        delimiter=",",
        quotechar='"',
        escapechar='"',
        max_line_size=max(copied.longest_bytes, 1024),
    ).create("raw")
    if _count(connection) != written:
        raise InvalidInputError(
            f"{name} was read as {_count(connection)} of {written} rows", next_step=_CANNOT_PARSE
        )
    return RawTable(
        connection=connection, columns=columns, row_count=written + len(ragged), ragged=ragged
    )


def _decode(body: bytes, *, name: str) -> str:
    """Return the text of a CSV with line feeds as its only line ends, or name the faulty row."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    nul = body.find(b"\0")
    if nul >= 0:
        raise InvalidInputError(
            f"{name}, row {_row_at(body, nul)}: a NUL byte, which no CSV holds (UTF-16 text does)",
            next_step="save the file as UTF-8 text",
        )
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{name}, row {_row_at(body, error.start)}: not UTF-8 text",
            next_step="save the file in UTF-8 (Latin-1 and other code pages are not read)",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _row_at(body: bytes, position: int) -> int:
    before = body[:position]
    return max(before.count(b"\n"), before.count(b"\r")) + 1


@dataclass(frozen=True, slots=True)
class _Copied:
    columns: tuple[str, ...]
    ragged: tuple[RaggedRow, ...]
    row_count: int
    longest_bytes: int


def _copy_regular_rows(text: str, path: Path, *, name: str) -> _Copied:
    """Write the records with the right number of fields to `path`, fully quoted and numbered."""
    records = _records(text, name=name)
    first_number, header = next(records)
    if first_number != 1:
        raise InvalidInputError(
            f"{name}, row 1: blank where the header should be", next_step="delete the blank rows"
        )
    columns = _named(tuple(header), name=name)
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


def _records(text: str, *, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of every record that is not blank."""
    row_number = 0
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        delimiter = sniff_delimiter(text.partition("\n")[0])
        lines = io.StringIO(text, newline="\n")
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            row_number += 1
            if cells:
                yield row_number, cells
    except csv.Error as error:
        raise InvalidInputError(
            f"{name}, row {row_number + 1}: {_fault(str(error))}", next_step="correct that row"
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


def _named(header: tuple[str, ...], *, name: str) -> tuple[str, ...]:
    """Trim the column names, name the nameless by their place, refuse duplicates."""
    columns = tuple(text.strip() or f"unnamed_{i}" for i, text in enumerate(header, start=1))
    places: dict[str, int] = {}
    for place, column in enumerate(columns, start=1):
        # duckdb, like SQL, does not tell names apart by their case.
        other = places.setdefault(column.casefold(), place)
        if other != place:
            raise InvalidInputError(
                f"{name}, row 1: columns {other} and {place} have the same name"
                " (upper and lower case count as one)",
                next_step="give every column a name of its own",
            )
    return columns


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    # All rows are fetched: duckdb refuses other work on a connection with an unfinished result.
    return int(connection.execute("SELECT count(*) FROM raw").fetchall()[0][0])
