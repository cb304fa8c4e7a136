"""The name of clean rows: a hash of what they hold, whatever file they came from."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.strict_json import canonical_json
from training.data.rules import quote_text
from training.data.table import RawTable

_NUMBERS = {"FLOAT": "<f4", "DOUBLE": "<f8"}


def hash_clean_rows(raw: RawTable, contract: Contract) -> str:
    """Return the SHA-256, in hex, of the view ``clean``: its columns and its rows, in order.

    Each column is hashed by itself, as it lies in memory: to write numbers as texts takes longer
    than all the rest of validation.
    """
    digest = hashlib.sha256(_describe(contract))
    for column, kind, *_ in raw.connection.execute("DESCRIBE clean").fetchall():
        if column != "row_number":
            digest.update(hashlib.sha256(_load_bytes(raw, column, kind)).digest())
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


def _load_bytes(raw: RawTable, column: str, kind: str) -> bytes:
    """Return bytes that two columns share only when they hold the same values."""
    if kind.startswith("ENUM"):
        return _load_labels(raw, column)
    if kind == "BOOLEAN":
        return bytes(_fetch(raw, f"coalesce(CAST({column} AS UTINYINT), 2)").astype("u1").data)
    if kind in _NUMBERS:
        numbers = _fetch(raw, f"coalesce({column}, CAST('nan' AS {kind}))")
        # Zero plus zero is zero, also for the zero below zero.
        return bytes((numbers + numbers.dtype.type(0)).astype(_NUMBERS[kind]).data)
    return _load_texts(raw, column)


def _load_labels(raw: RawTable, column: str) -> bytes:
    # Numbered among the labels that occur: others that a contract allows change no content.
    found = raw.connection.execute(
        f"SELECT DISTINCT CAST({column} AS VARCHAR) AS label, enum_code({column}) FROM clean"  # noqa: S608
        f" WHERE {column} IS NOT NULL ORDER BY label"
    ).fetchall()
    ranks = np.zeros(max((code for _, code in found), default=0) + 2, "<u4")
    for rank, (_, code) in enumerate(found, start=1):
        ranks[code + 1] = rank
    codes = _fetch(raw, f"coalesce(CAST(enum_code({column}) AS INTEGER) + 1, 0)")
    return canonical_json([label for label, _ in found]) + b"\n" + bytes(ranks[codes].data)


def _load_texts(raw: RawTable, column: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.csv"
        query = f"SELECT {column} FROM clean"  # noqa: S608
        options = "(FORMAT csv, HEADER false, FORCE_QUOTE *)"
        target = quote_text(str(path))
        raw.connection.execute(f"COPY ({query}) TO {target} {options}").fetchall()
        return path.read_bytes()


def _fetch(raw: RawTable, value: str) -> NDArray[Any]:
    found = raw.connection.execute(f"SELECT {value} AS value FROM clean").fetchnumpy()["value"]  # noqa: S608
    return np.asarray(found)
