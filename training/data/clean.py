"""Raw text cells to typed good rows and bad rows with reasons, inside duckdb.

The statements are made of numbers and of texts that `training.data.rules` has quoted.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.contract import Contract
from training.data.rules import Cell, count_rounded, quote_name, quote_text, read_cells
from training.data.table import RawTable

_COLUMNS_AT_ONCE = 50


def check_rows(raw: RawTable, cells: Sequence[Cell], *, has_identifier: bool) -> None:
    """Make the views ``clean`` (row_number, v0, v1, …) and ``bad`` (row_number, reason, column).

    The values v0, v1, … are those of `cells`, in order; an identifier is the first of them. The
    rows of both are in the order of the file.
    """
    values = ", ".join(f"{cell.value} AS v{i}" for i, cell in enumerate(cells))
    kept = ", ".join(f"v{i}" for i in range(len(cells)))
    doubts = " OR ".join(f"({cell.doubt})" for cell in cells)
    reasons = ", ".join(f"({cell.fault})" for cell in cells)
    places = " ".join(f"WHEN ({cell.fault}) IS NOT NULL THEN {i}" for i, cell in enumerate(cells))
    _fetch_as_written(
        raw,
        f"CREATE TABLE checked AS SELECT row_number, {values},"  # noqa: S608
        f" CASE WHEN {doubts} THEN coalesce({reasons}) END AS reason,"
        f" CASE WHEN {doubts} THEN CAST(CASE {places} END AS SMALLINT) END AS place"
        f" FROM {read_cells(cells, 'raw')}",
    )
    if has_identifier:
        _mark_duplicates(raw)
    names = " ".join(f"WHEN {i} THEN {quote_text(cell.name)}" for i, cell in enumerate(cells))
    fetch(
        raw,
        f"CREATE VIEW clean AS SELECT row_number, {kept} FROM checked WHERE reason IS NULL",  # noqa: S608
    )
    fetch(
        raw,
        f'CREATE VIEW bad AS SELECT row_number, reason, CASE place {names} END AS "column"'  # noqa: S608
        " FROM checked WHERE reason IS NOT NULL",
    )


def _mark_duplicates(raw: RawTable) -> None:
    # The first of the good rows is kept: a bad row must not push out a good one.
    fetch(
        raw,
        "CREATE TABLE repeated AS SELECT v0, min(row_number) AS row_number FROM checked"
        " WHERE reason IS NULL GROUP BY v0 HAVING count(*) > 1",
    )
    fetch(
        raw,
        "UPDATE checked SET reason = 'duplicate identifier', place = 0 FROM repeated r"
        " WHERE checked.reason IS NULL AND checked.v0 = r.v0 AND checked.row_number > r.row_number",
    )


def write_clean(raw: RawTable, cells: Sequence[Cell]) -> bytes:
    """Write the good rows as Parquet, under the names of their columns, in the file's order."""
    columns = ", ".join(f"v{i} AS {quote_name(cell.name)}" for i, cell in enumerate(cells))
    return _to_parquet(raw, f"SELECT {columns} FROM clean")  # noqa: S608


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


def count_changes(raw: RawTable, cells: Sequence[Cell]) -> dict[str, int]:
    """Count, per column, the values of good rows that a policy of the contract has changed."""
    changing = [cell for cell in cells if cell.changed]
    if not changing:
        return {}
    counts = ", ".join(f"count(*) FILTER (WHERE {cell.changed})" for cell in changing)
    rows = f"{read_cells(changing, 'raw')} WHERE row_number IN (SELECT row_number FROM clean)"  # noqa: S608
    found = fetch(raw, f"SELECT {counts} FROM {rows}")[0]  # noqa: S608
    return {cell.name: count for cell, count in zip(changing, found, strict=True) if count}


def count_rounded_numbers(
    raw: RawTable, cells: Sequence[Cell], contract: Contract
) -> dict[str, int]:
    """Count, per column, whole numbers too large for float32, which the model reads rounded."""
    numeric = {column.name for column in contract.columns if column.kind == "numeric"}
    places = {i: cell for i, cell in enumerate(cells) if cell.name in numeric}
    if not places:
        return {}
    largest = ", ".join(f"max(abs(v{i}))" for i in places)
    found = fetch(raw, f"SELECT {largest} FROM clean")[0]  # noqa: S608
    # Below that, float32 holds every whole number: most columns need no closer look.
    large = [cell for cell, top in zip(places.values(), found, strict=True) if (top or 0) >= 2**24]
    if not large:
        return {}
    rounded: dict[str, int] = {}
    # Some columns at a time: the memory for one long list of counts grows with its square.
    for first in range(0, len(large), _COLUMNS_AT_ONCE):
        some = large[first : first + _COLUMNS_AT_ONCE]
        counts = ", ".join(count_rounded(f"{cell.raw}_read") for cell in some)
        source = f"{read_cells(some, 'raw')} SEMI JOIN clean USING (row_number)"
        counted = _fetch_as_written(raw, f"SELECT {counts} FROM {source}")[0]  # noqa: S608
        rounded |= {cell.name: count for cell, count in zip(some, counted, strict=True) if count}
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
    # The rules of all columns are one long statement of several steps: to optimise it takes many
    # seconds, whatever the number of rows, and folds the steps into one another again.
    fetch(raw, "PRAGMA disable_optimizer")
    try:
        return fetch(raw, query)
    finally:
        fetch(raw, "PRAGMA enable_optimizer")
