"""Raw text cells to typed good rows and bad rows with reasons, inside duckdb, in one pass.

The statements are made of numbers and of texts that `training.data.cells` has quoted.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.data.cells import quote_name, quote_text
from training.data.rules import EXACT_INTEGER, Cell, read_cells
from training.data.table import RawTable, load, number_rows

_DUPLICATE = "duplicate identifier"


def check_rows(raw: RawTable, cells: Sequence[Cell], *, has_identifier: bool) -> RawTable:
    """Read every row, and make ``clean`` (v0, v1, …) and ``bad`` (place, reason, column, texts).

    The columns of ``clean`` are the values of `cells`, in order; an identifier is the
    first of them. The rows of both are in the order of the file. Nothing but typed values and the
    texts of bad rows is kept in memory.

    Returns
    -------
    RawTable
        The file, as it was found to be in the end; see `training.data.table.load`.
    """
    raw = load(raw, "checked", _check_cells(raw, cells))
    fetch(raw, "CREATE TABLE again (place BIGINT, texts VARCHAR[])")
    if has_identifier:
        _mark_duplicates(raw)
    values = ", ".join(f"v{i}" for i in range(len(cells)))
    fetch(raw, f"CREATE VIEW clean AS SELECT {values} FROM checked WHERE reason IS NULL")  # noqa: S608
    names = " ".join(f"WHEN {i} THEN {quote_text(cell.name)}" for i, cell in enumerate(cells))
    fetch(
        raw,
        "CREATE TABLE bad AS SELECT c.rowid AS place, reason,"  # noqa: S608
        f' CASE wrong {names} END AS "column", coalesce(c.texts, a.texts) AS texts'
        " FROM checked c LEFT JOIN again a ON c.rowid = a.place WHERE reason IS NOT NULL",
    )
    return raw


def _check_cells(raw: RawTable, cells: Sequence[Cell]) -> str:
    values = [f"{cell.value} AS v{i}" for i, cell in enumerate(cells)]
    values += [f"{cell.changed} AS g{i}" for i, cell in enumerate(cells) if cell.changed]
    doubts = " OR ".join(cell.doubt for cell in cells)
    reasons = ", ".join(f"({cell.fault})" for cell in cells)
    places = " ".join(f"WHEN ({cell.fault}) IS NOT NULL THEN {i}" for i, cell in enumerate(cells))
    names = [value.rpartition(" AS ")[2] for value in values]
    return (
        f"SELECT {', '.join(names)}, reason,"  # noqa: S608
        f" CASE WHEN reason IS NOT NULL THEN CAST(CASE {places} END AS SMALLINT) END AS wrong,"
        f" CASE WHEN reason IS NOT NULL THEN {_texts(raw)} END AS texts"
        f" FROM (SELECT *, {', '.join(values)},"
        f" CASE WHEN {doubts} THEN coalesce({reasons}) END AS reason"
        f" FROM {read_cells(cells, 'cells')})"
    )


def _mark_duplicates(raw: RawTable) -> None:
    """Mark all but the first of the good rows of an identifier: a bad one pushes none out."""
    if not _may_repeat(raw):
        return
    fetch(
        raw,
        "CREATE TABLE repeated AS SELECT v0, min(rowid) AS place FROM checked"
        " WHERE reason IS NULL GROUP BY v0 HAVING count(*) > 1",
    )
    if not fetch(raw, "SELECT count(*) FROM repeated")[0][0]:
        return
    fetch(
        raw,
        f"UPDATE checked SET reason = {quote_text(_DUPLICATE)}, wrong = 0 FROM repeated r"  # noqa: S608
        " WHERE checked.reason IS NULL AND checked.v0 = r.v0 AND checked.rowid > r.place",
    )
    # Their texts were not kept, because no cell of theirs is at fault: the file is read again.
    fetch(
        raw,
        f"INSERT INTO again SELECT place, {_texts(raw)} FROM"  # noqa: S608
        " (SELECT row_number() OVER () - 1 AS place, * FROM cells)"
        " SEMI JOIN (SELECT rowid AS place FROM checked WHERE reason IS NOT NULL AND texts IS NULL)"
        " USING (place)",
    )


def _may_repeat(raw: RawTable) -> bool:
    """Whether two identifiers have the same hash: to sort these is quicker than to group texts."""
    query = "SELECT hash(v0) AS hashed FROM checked WHERE reason IS NULL"
    hashes = np.sort(raw.connection.execute(query).fetchnumpy()["hashed"])
    return bool((hashes[1:] == hashes[:-1]).any())


def _texts(raw: RawTable) -> str:
    return f"[{', '.join(f'c{i}' for i in range(len(raw.columns)))}]"


def write_clean(raw: RawTable, cells: Sequence[Cell]) -> bytes:
    """Write the good rows as Parquet, under the names of their columns, in the file's order."""
    columns = ", ".join(f"v{i} AS {quote_name(cell.name)}" for i, cell in enumerate(cells))
    return _to_parquet(raw, f"SELECT {columns} FROM clean")  # noqa: S608


def write_quarantine(raw: RawTable) -> bytes:
    """Write bad rows with reason and place, and their text cells in the order of the file."""
    fetch(
        raw,
        'CREATE TABLE quarantine AS SELECT row_number, reason, "column", texts AS cells'  # noqa: S608
        f" FROM ({number_rows('bad')})",
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
    flags = {f"g{i}": cell.name for i, cell in enumerate(cells) if cell.changed}
    return _count(raw, flags, "checked WHERE reason IS NULL")


def count_rounded_numbers(raw: RawTable, cells: Sequence[Cell]) -> dict[str, int]:
    """Count, per column, whole numbers too large for float32, which the model reads rounded."""
    places = {i: cell for i, cell in enumerate(cells) if cell.rounded}
    if not places:
        return {}
    largest = ", ".join(f"max(abs(v{i}))" for i in places)
    found = fetch(raw, f"SELECT {largest} FROM clean")[0]  # noqa: S608
    # Below that, float32 holds every whole number: few columns need another look at the file.
    large = [
        cell
        for cell, top in zip(places.values(), found, strict=True)
        if (top or 0) >= EXACT_INTEGER
    ]
    if not large:
        return {}
    flags = ", ".join(f"{cell.rounded} AS r{i}" for i, cell in enumerate(large))
    numbered = "(SELECT row_number() OVER () - 1 AS place, * FROM cells)"
    load(raw, "rounded", f"SELECT place, {flags} FROM {read_cells(large, numbered)}")  # noqa: S608
    good = "(SELECT rowid AS place FROM checked WHERE reason IS NULL)"
    source = f"rounded SEMI JOIN {good} USING (place)"
    return _count(raw, {f"r{i}": cell.name for i, cell in enumerate(large)}, source)


def _count(raw: RawTable, flags: dict[str, str], source: str) -> dict[str, int]:
    if not flags:
        return {}
    counts = ", ".join(f"count(*) FILTER (WHERE {flag})" for flag in flags)
    found = fetch(raw, f"SELECT {counts} FROM {source}")[0]  # noqa: S608
    return {name: count for name, count in zip(flags.values(), found, strict=True) if count}


def _to_parquet(raw: RawTable, query: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        target = quote_text(str(path))
        raw.connection.execute(f"COPY ({query}) TO {target} (FORMAT parquet)").fetchall()
        return path.read_bytes()


def fetch(raw: RawTable, query: str) -> list[tuple[Any, ...]]:
    """Run a statement and return all rows of its answer."""
    return raw.connection.execute(query).fetchall()
