"""Columns of a raw file that tell the target by themselves: probable leaks."""

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.inputs import ModelInputs
from training.data.arrays import Rows
from training.data.cells import quote_text
from training.data.leakage import find_leaks
from training.data.rules import Cell, describe_feature, describe_target, read_cells
from training.data.table import RawTable

_MAX_ROWS = 50_000
_MIN_ROWS = 50


def find_likely_leaks(raw: RawTable, contract: Contract) -> dict[str, float]:
    """Return, by column, the share of the target that it explains alone, where that is suspicious.

    The first rows of the file with a good target are looked at, by the same measure as the
    training rows are later (`training.data.leakage`).
    """
    target = describe_target(contract, _place(raw, contract.target))
    numeric = [_cell(raw, contract, column.name) for column in contract.numeric_columns]
    strings = [_cell(raw, contract, column.name) for column in contract.string_columns]
    values = [
        *(f"coalesce(CAST({cell.value} AS FLOAT), CAST('nan' AS FLOAT))" for cell in numeric),
        *(f"coalesce(CAST({cell.value} AS VARCHAR), '')" for cell in strings),
        _number(target, contract),
    ]
    selected = ", ".join(f"{value} AS v{i}" for i, value in enumerate(values))
    source = read_cells([target, *numeric, *strings], "texts")
    query = (
        f"SELECT {selected} FROM {source} WHERE ({target.fault}) IS NULL"  # noqa: S608
        f" LIMIT {_MAX_ROWS}"
    )
    raw.connection.execute("PRAGMA disable_optimizer")
    found = raw.connection.execute(query).fetchnumpy()
    raw.connection.execute("PRAGMA enable_optimizer")
    columns = [np.asarray(found[f"v{i}"]) for i in range(len(values))]
    if len(columns[-1]) < _MIN_ROWS:
        return {}
    width = len(numeric)
    inputs = ModelInputs(
        _stack(columns[:width], len(columns[-1])).astype(np.float32),
        _stack(columns[width:-1], len(columns[-1])).astype(np.object_),
    )
    leaks = find_leaks(Rows(inputs, columns[-1].astype(np.float64)), contract)
    return {leak.column: leak.skill for leak in leaks}


def _place(raw: RawTable, name: str) -> str:
    return f"c{raw.columns.index(name)}"


def _cell(raw: RawTable, contract: Contract, name: str) -> Cell:
    column = next(column for column in contract.columns if column.name == name)
    return describe_feature(column, _place(raw, name), contract)


def _number(target: Cell, contract: Contract) -> str:
    if contract.task == "regression":
        return target.value
    places = " ".join(
        f"WHEN {quote_text(label)} THEN {place}" for place, label in enumerate(contract.classes)
    )
    return f"CASE CAST({target.value} AS VARCHAR) {places} END"


def _stack(columns: list[NDArray[np.generic]], n: int) -> NDArray[np.generic]:
    return np.column_stack(columns) if columns else np.empty((n, 0))
