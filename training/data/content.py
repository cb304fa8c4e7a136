"""The name of clean rows: a hash of what they hold, whatever file they came from."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.strict_json import canonical_json
from training.data.cells import quote_text
from training.data.table import RawTable

_NUMBERS = {"FLOAT": "<f4", "DOUBLE": "<f8"}
_NO_LABEL = 0xFFFF


def hash_clean_rows(raw: RawTable, contract: Contract) -> str:
    """Return the SHA-256, in hex, of the view ``clean``: its columns and its rows, in order.

    Each column is hashed by itself, as it lies in memory: to write numbers as texts takes longer
    than all the rest of validation.
    """
    digest = hashlib.sha256(_describe(contract))
    kinds = {name: kind for name, kind, *_ in _run(raw, "DESCRIBE clean")}
    arrays = _load_arrays(raw, kinds)
    for name, kind in kinds.items():
        column = hashlib.sha256()
        if name not in arrays:
            column.update(_load_texts(raw, name))
        elif kind.startswith("ENUM"):
            labels, ranks = _rank_labels(raw, name, arrays[name])
            column.update(canonical_json(labels) + b"\n")
            column.update(ranks[arrays[name]].data)
        else:
            column.update(arrays[name].data)
        digest.update(column.digest())
    return digest.hexdigest()


def _describe(contract: Contract) -> bytes:
    return canonical_json(
        {
            "columns": [[column.name, column.kind] for column in contract.columns],
            "group": contract.group,
            "identifier": contract.identifier,
            "target": [contract.target, contract.task],
            "time": [contract.time, contract.time_format],
        }
    )


def _load_arrays(raw: RawTable, kinds: dict[str, str]) -> dict[str, NDArray[Any]]:
    """Return the columns that are numbers in memory, with a number of its own for missing."""
    values = {name: name for name, kind in kinds.items() if kind in _NUMBERS}
    for name, kind in kinds.items():
        if kind == "BOOLEAN":
            values[name] = f"CAST({name} AS UTINYINT)"
        elif kind.startswith("ENUM"):
            values[name] = f"CAST(enum_code({name}) AS USMALLINT)"
    selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
    found = raw.connection.execute(f"SELECT {selected} FROM clean").fetchnumpy()  # noqa: S608
    return {name: _fill(found.pop(name), kinds[name]) for name in values}


def _fill(column: NDArray[Any] | np.ma.MaskedArray[Any, Any], kind: str) -> NDArray[Any]:
    """Put a column's number for missing where duckdb left what happened to be there."""
    values, unknown = np.ma.getdata(column), np.ma.getmask(column)
    missing = np.nan if kind in _NUMBERS else 2 if kind == "BOOLEAN" else _NO_LABEL
    if unknown is not np.ma.nomask:
        np.copyto(values, missing, where=unknown, casting="unsafe")
    if kind in _NUMBERS:
        # Zero plus zero is zero, also for the zero below zero.
        np.add(values, 0, out=values)
    return values.astype(_NUMBERS.get(kind, "u1" if kind == "BOOLEAN" else "<u2"), copy=False)


def _rank_labels(
    raw: RawTable, column: str, codes: NDArray[np.uint16]
) -> tuple[list[str], NDArray[np.uint16]]:
    # Numbered among the labels that occur: others that a contract allows change no content.
    one = f"(SELECT {column} FROM clean LIMIT 1)"  # noqa: S608
    labels: list[str] = _run(raw, f"SELECT enum_range(any_value({column})) FROM {one}")[0][0]  # noqa: S608
    occurs = np.bincount(codes, minlength=_NO_LABEL + 1)[: len(labels)] > 0
    ranked = sorted((label, code) for code, label in enumerate(labels) if occurs[code])
    ranks = np.zeros(_NO_LABEL + 1, "<u2")
    for rank, (_, code) in enumerate(ranked, start=1):
        ranks[code] = rank
    return [label for label, _ in ranked], ranks


def _load_texts(raw: RawTable, column: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.csv"
        query = f"SELECT {column} FROM clean"  # noqa: S608
        options = "(FORMAT csv, HEADER false, FORCE_QUOTE *)"
        target = quote_text(str(path))
        raw.connection.execute(f"COPY ({query}) TO {target} {options}").fetchall()
        return path.read_bytes()


def _run(raw: RawTable, query: str) -> list[tuple[Any, ...]]:
    return raw.connection.execute(query).fetchall()
