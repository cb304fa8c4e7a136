"""Read a raw file (CSV or Parquet) into a duckdb table of text cells, or say in one line why not.

Rows are counted as a spreadsheet counts them: a CSV's header is row 1, its first record row 2.
A Parquet file has no header row: its first record is row 1.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.contract import FileFormat
from core.errors import InvalidInputError
from training.data.cells import as_text, quote_name
from training.data.csv_file import read_csv
from training.data.table import (
    CANNOT_PARSE,
    RawTable,
    count_rows,
    declare_shifts,
    load_texts,
    name_columns,
)

MAX_RAW_BYTES = 256 * 1024 * 1024
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
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x80\x04\x95": "a Python pickle",
    b"\x80\x05\x95": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3": "a database",
    b"PARE": "an encrypted Parquet file",
}
_OTHER_TEXTS = {
    r"[{[]\s*[\"{[]": "JSON",
    r"<(!doctype|html|\?xml|table|svg)": "a web page or XML",
    r"@relation\b": "an ARFF file",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_AS_USUAL = FileFormat()


def connect(folder: str | Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory duckdb that needs neither a home directory nor the network.

    Parameters
    ----------
    folder : str or Path
        A writable folder for what does not fit into memory. In Lambda only ``/tmp`` is writable.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "home_directory": str(folder),
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": 2,
        },
    )
    # It would be drawn into what a program prints for another one.
    connection.execute("SET enable_progress_bar = false").fetchall()
    return connection


@contextmanager
def open_raw(
    body: bytes, *, name: str, written: FileFormat = _AS_USUAL, keep: bool = True
) -> Iterator[RawTable]:
    """Open a raw file for as long as the ``with`` block runs.

    Parameters
    ----------
    body : bytes
        The file as it landed. Parquet is recognised by its first four bytes; all else is CSV with a
        comma, semicolon, tab or bar between fields, with or without a byte-order mark.
    name : str
        The file's name, for messages.
    written : FileFormat, optional
        How a CSV is written; in UTF-8, with a header, by default.
    keep : bool
        Whether all cells are kept in memory, in the view ``raw`` with the numbers of their rows.
        Who looks at them only once has no need of that.

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
    if not body or body.isspace():
        raise InvalidInputError(f"{name} is empty", next_step="send a file with a header and rows")
    if other := recognise(body):
        raise InvalidInputError(f"{name} is {other}, not CSV or Parquet", next_step=CANNOT_PARSE)
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        if is_parquet(body):
            raw = _read_parquet(connection, body, written, name=name, folder=Path(folder))
        else:
            raw = read_csv(connection, body, written, name=name, folder=Path(folder))
        yield load_texts(raw) if keep else raw


def recognise(body: bytes) -> str | None:
    """Return what a file is by its beginning, if that is neither CSV nor Parquet."""
    for magic, what in _OTHER_FORMATS.items():
        if body.startswith(magic):
            return what
    text = body[:1024].removeprefix(_BYTE_ORDER_MARK).decode(errors="replace").lstrip()
    for pattern, what in _OTHER_TEXTS.items():
        if re.match(pattern, text, re.IGNORECASE):
            return what
    return None


def is_parquet(body: bytes) -> bool:
    """Whether a file says that it is Parquet."""
    return body.startswith(_PARQUET_MAGIC)


def _read_parquet(
    connection: duckdb.DuckDBPyConnection,
    body: bytes,
    written: FileFormat,
    *,
    name: str,
    folder: Path,
) -> RawTable:
    path = folder / "raw.parquet"
    path.write_bytes(body)
    try:
        relation = connection.read_parquet(str(path))
        columns = name_columns(tuple(relation.columns), name=name)
        cells = ", ".join(
            f"{as_text(quote_name(column), str(kind), decimal=written.decimal)} AS c{i}"
            for i, (column, kind) in enumerate(zip(relation.columns, relation.types, strict=True))
        )
        relation.project(cells).create("cells")
    except duckdb.Error as error:
        raise InvalidInputError(
            f"{name} begins like a Parquet file and cannot be read as one", next_step=CANNOT_PARSE
        ) from error
    row_count = count_rows(connection, "cells")
    if not row_count:
        raise InvalidInputError(f"{name} has columns and no rows", next_step="send rows too")
    declare_shifts(connection, [0], [1])
    return RawTable(connection, name, columns, row_count)
