"""Raw text cells to typed good rows and bad rows with reasons, inside duckdb.

The statements are made of numbers and of texts that `training.data.rules` has quoted.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.contract import Contract
from core.strict_json import canonical_json
from training.data.read import RawTable
from training.data.rules import Cell, count_rounded, quote_name, quote_text, select_cells

_COLUMNS_AT_ONCE = 50


def check_rows(raw: RawTable, cells: Sequence[Cell], *, has_identifier: bool) -> None:
    """Make the tables ``clean`` (row_number, v0, v1, …) and ``bad`` (row_number, reason, column).

    The values v0, v1, … are those of `cells`, in order; an identifier is the first of them.
    """
    faults = ", ".join(
        f"CASE WHEN ({cell.fault}) IS NOT NULL THEN"
        f" {{'reason': {cell.fault}, 'column': {quote_text(cell.name)}}} END"
        for cell in cells
    )
    values = ", ".join(f"{cell.value} AS v{i}" for i, cell in enumerate(cells))
    checked = (
        f"SELECT row_number, coalesce({faults}) AS fault, {values}"  # noqa: S608
        f" FROM ({select_cells(cells)})"
    )
    clean = "SELECT * EXCLUDE (fault) FROM checked WHERE fault IS NULL"
    if has_identifier:
        # The first of the good rows is kept: a bad row must not push out a good one.
        clean += " QUALIFY row_number() OVER (PARTITION BY v0 ORDER BY row_number) = 1"
    first = quote_text(cells[0].name)
    bad = (
        'SELECT row_number, fault.reason AS reason, fault."column" AS "column"'  # noqa: S608
        " FROM checked WHERE fault IS NOT NULL"
        f" UNION ALL SELECT row_number, 'duplicate identifier', {first} FROM checked"
        " WHERE fault IS NULL AND row_number NOT IN (SELECT row_number FROM clean)"
    )
    _fetch_as_written(raw, f"CREATE TABLE checked AS {checked}")
    for name, query in (("clean", clean), ("bad", bad)):
        fetch(raw, f"CREATE TABLE {name} AS {query}")


def hash_clean_rows(raw: RawTable, cells: Sequence[Cell], contract: Contract) -> str:
    """Name the clean content: the hash of the columns and of every row's values, in order."""
    # Each row is hashed as a JSON list of texts, so that no two different rows look the same.
    values = ", ".join(f"CAST(v{i} AS VARCHAR)" for i in range(len(cells)))
    raw.connection.execute("ALTER TABLE clean ADD COLUMN row_sha256 VARCHAR")
    raw.connection.execute(
        f"UPDATE clean SET row_sha256 = sha256(CAST(to_json([{values}]) AS VARCHAR))"  # noqa: S608
    )
    hashes = "SELECT string_agg(row_sha256, '' ORDER BY row_number) FROM clean"
    header = canonical_json(
        {
            "columns": [[column.name, column.kind] for column in contract.columns],
            "identifier": contract.identifier,
            "target": [contract.target, contract.task],
        }
    )
    content = header + b"\n" + (fetch(raw, hashes)[0][0] or "").encode()
    return hashlib.sha256(content).hexdigest()


def write_clean(raw: RawTable, cells: Sequence[Cell]) -> bytes:
    """Write the good rows as Parquet, under the names of their columns, in the file's order."""
    columns = ", ".join(f"v{i} AS {quote_name(cell.name)}" for i, cell in enumerate(cells))
    return _to_parquet(raw, f"SELECT {columns} FROM clean ORDER BY row_number")  # noqa: S608


def write_quarantine(raw: RawTable) -> bytes:
    """Write bad rows with reason and place, and their text cells in the order of the file."""
    cells = ", ".join(f"c{i}" for i in range(len(raw.columns)))
    raw.connection.execute(
        'CREATE TABLE quarantine AS SELECT row_number, reason, "column",'  # noqa: S608
        f" [{cells}] AS cells FROM bad JOIN raw USING (row_number)"
    )
    rows = [
        (row.row_number, _ragged_reason(row.cells, raw), "", list(row.cells)) for row in raw.ragged
    ]
    if rows:
        raw.connection.executemany("INSERT INTO quarantine VALUES (?, ?, ?, ?)", rows)
    return _to_parquet(raw, "SELECT * FROM quarantine ORDER BY row_number")


def _ragged_reason(cells: tuple[str, ...], raw: RawTable) -> str:
    return "too few fields" if len(cells) < len(raw.columns) else "too many fields"


def count_faults(raw: RawTable) -> Counter[tuple[str, str]]:
    """Count bad rows by (reason, column)."""
    found = fetch(raw, 'SELECT reason, "column", count(*) FROM bad GROUP BY ALL ORDER BY ALL')
    counts = Counter({(reason, column): count for reason, column, count in found})
    counts.update((_ragged_reason(row.cells, raw), "") for row in raw.ragged)
    return counts


def count_rounded_numbers(
    raw: RawTable, cells: Sequence[Cell], contract: Contract
) -> dict[str, int]:
    """Count, per column, whole numbers too large for float32, which the model reads rounded."""
    names = {column.name for column in contract.columns if column.kind == "numeric"}
    numeric = [cell for cell in cells if cell.name in names]
    rounded: dict[str, int] = {}
    # Some columns at a time: the memory for one long list of counts grows with its square.
    for first in range(0, len(numeric), _COLUMNS_AT_ONCE):
        some = numeric[first : first + _COLUMNS_AT_ONCE]
        counts = ", ".join(count_rounded(f"n{cell.place}") for cell in some)
        source = f"({select_cells(some)}) SEMI JOIN clean USING (row_number)"
        found = _fetch_as_written(raw, f"SELECT {counts} FROM {source}")[0]  # noqa: S608
        rounded |= {cell.name: count for cell, count in zip(some, found, strict=True) if count}
    return rounded


def _to_parquet(raw: RawTable, query: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        target = quote_text(str(path))
        raw.connection.execute(f"COPY ({query}) TO {target} (FORMAT parquet)").fetchall()
        return path.read_bytes()


def fetch(raw: RawTable, query: str) -> list[tuple[Any, ...]]:
    """Run a statement and return all rows of its answer."""
    return raw.connection.execute(query).fetchall()


def _fetch_as_written(raw: RawTable, query: str) -> list[tuple[Any, ...]]:
    # The rules of all columns are one long expression: to optimise it takes many seconds, whatever
    # the number of rows; to run it as it stands takes a tenth of one.
    fetch(raw, "PRAGMA disable_optimizer")
    try:
        return fetch(raw, query)
    finally:
        fetch(raw, "PRAGMA enable_optimizer")
