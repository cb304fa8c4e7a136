"""A dataset version as arrays, and the first look at whether a model could be made of it."""

import math
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.inputs import ModelInputs
from core.values import plain_text
from training.data import limits, rules
from training.data.arrays import Rows
from training.data.read import connect

COPIES: Final = 4
"""Rows of the same features and the same target that are taken for copies of one."""


@dataclass(frozen=True, slots=True)
class Table:
    """A dataset version of n rows, in the order of time where there is one.

    Attributes
    ----------
    rows : Rows
    identities : list of str
        What the side of a row is decided by.
    times : float64 array of shape (n,)
        Zeros where the contract names no time.
    """

    rows: Rows
    identities: list[str]
    times: NDArray[np.float64]


def read_version(body: bytes, contract: Contract, *, rounded: Collection[str]) -> Table:
    """Read a dataset version from its Parquet file.

    Parameters
    ----------
    rounded : collection of str
        The columns in which validation found whole numbers too large for float32.

    Raises
    ------
    InvalidInputError
        If it is too large, or holds numbers that a model cannot tell apart.
    """
    with _open(body) as (connection, source):
        names = [column.name for column in contract.columns if column.kind == "numeric"]
        names += [contract.target] if contract.task == "regression" else []
        ends = "".join(f", min({n}), max({n})" for n in map(rules.quote_name, names))
        query = f"SELECT count(*){ends} FROM {source}"  # noqa: S608 (all names are quoted)
        rows, *found = connection.execute(query).fetchone()
        limits.check_size(rows, contract)
        known = [math.nan if value is None else float(value) for value in found]
        ranges = dict(zip(names, zip(known[::2], known[1::2], strict=True), strict=True))
        limits.check_precision(ranges, rounded, contract)
        order = " ORDER BY moment, file_row_number" if contract.time else ""
        query = f"SELECT {_select(contract)} FROM {source}{order}"  # noqa: S608
        # duckdb's arrays are masked where a column may hold NULL; no column here does.
        fetched = connection.execute(query).fetchnumpy()
        columns = {name: np.asarray(column) for name, column in fetched.items()}
    table = _make_table(columns, contract)
    limits.check_texts(table.rows, contract)
    return table


def _select(contract: Contract) -> str:
    """Return what is read of each row: n0, n1, …, s0, s1, …, target, id and moment."""
    numeric = [
        f"coalesce(CAST({rules.quote_name(c.name)} AS FLOAT), CAST('nan' AS FLOAT)) AS n{i}"
        for i, c in enumerate(contract.numeric_columns)
    ]
    strings = [
        f"coalesce({rules.quote_name(c.name)}, '') AS s{i}"
        for i, c in enumerate(contract.string_columns)
    ]
    last = [
        f"{_target(contract)} AS target",
        f"{_identity(contract)} AS id",
        f"{_time(contract)} AS moment",
    ]
    return ", ".join([*numeric, *strings, *last])


def _make_table(columns: dict[str, Any], contract: Contract) -> Table:
    n = len(columns["target"])
    texts = [columns[f"s{place}"] for place in range(len(contract.string_columns))]
    for place in range(len(contract.categorical_columns), len(texts)):
        texts[place] = [plain_text(text) for text in texts[place].tolist()]
    numbers = [columns[f"n{place}"] for place in range(len(contract.numeric_columns))]
    inputs = ModelInputs(
        _stack(numbers, n, np.dtype(np.float32)), _stack(texts, n, np.dtype(np.object_))
    )
    identities: list[str] = columns["id"].tolist()
    if not (contract.group or contract.identifier):
        identities = _tell_apart(identities, columns["target"].tolist())
    groups = None
    if contract.group:
        number_of = {name: place for place, name in enumerate(sorted(set(identities)))}
        groups = np.array([number_of[name] for name in identities], dtype=np.int64)
    rows = Rows(inputs, columns["target"].astype(np.float64), groups)
    return Table(rows, identities, columns["moment"].astype(np.float64))


def _target(contract: Contract) -> str:
    target = rules.quote_name(contract.target)
    if contract.task == "regression":
        return f"CAST({target} AS DOUBLE)"
    places = " ".join(
        f"WHEN {rules.quote_text(label)} THEN {place}"
        for place, label in enumerate(contract.classes)
    )
    return f"CAST(CASE {target} {places} END AS DOUBLE)"


def _identity(contract: Contract) -> str:
    named = contract.group or contract.identifier
    if named:
        return f"CAST({rules.quote_name(named)} AS VARCHAR)"
    names = [rules.quote_name(column.name) for column in contract.columns]
    cells = ", ".join(f"CAST({name} AS VARCHAR)" for name in names)
    return f"CAST(to_json([{cells}]) AS VARCHAR)"


def _tell_apart(features: list[str], targets: list[float]) -> list[str]:
    """Return what names rows without an identifier: their features, for the first few of a kind.

    Copies of a row so stay together, whatever their target. Where columns have few values, many
    rows are alike by chance: there the `COPIES` + 1st row of the same features and target, and
    each after it, has a name of its own. No name depends on the order of the rows, or on others
    that come later.
    """
    counts: Counter[tuple[str, float]] = Counter()
    names = []
    for row in zip(features, targets, strict=True):
        counts[row] += 1
        is_common = counts[row] > COPIES
        names.append(f"{counts[row]} {row[1]} {row[0]}" if is_common else row[0])
    return names


def _time(contract: Contract) -> str:
    return rules.quote_name(contract.time) if contract.time else "CAST(0 AS DOUBLE)"


@contextmanager
def _open(body: bytes) -> Iterator[tuple[Any, str]]:
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "data.parquet"
        path.write_bytes(body)
        yield connection, f"read_parquet({rules.quote_text(str(path))}, file_row_number = true)"


def _stack(columns: list[Any], n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not columns:
        return np.empty((n, 0), dtype=dtype)
    return np.column_stack([np.asarray(column, dtype=dtype) for column in columns])
