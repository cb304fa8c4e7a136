"""Rows of a dataset as records: examples for a first request, and material for traffic."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.system import System
from core import keys
from core.contract import MAX_CONTRACT_BYTES, Column, Contract
from core.errors import NotFoundError

Cell = Any  # whatever duckdb makes of a Parquet cell
Scalar = str | float | int | bool | None

MAX_DATA_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the features as JSON scalars, and the target's value."""

    record: dict[str, Any]
    outcome: str | float


def load_contract(system: System, dataset: str) -> Contract:
    """Read a dataset's data contract from the bucket.

    Raises
    ------
    NotFoundError
        If there is no such dataset.
    """
    try:
        body = system.store.get(keys.contract(dataset), max_bytes=MAX_CONTRACT_BYTES).body
    except NotFoundError:
        raise NotFoundError(f"There is no dataset {dataset}.", next_step="loop data list") from None
    return Contract.from_json(body)


def example_record(system: System, model: str) -> dict[str, Any]:
    """Return the features of one row of the data that the champion was trained on."""
    return sample_rows(system, model, count=1, seed=0)[0].record


def sample_rows(system: System, model: str, *, count: int, seed: int) -> list[Row]:
    """Draw clean rows of the champion's dataset version, in random order, without repeating.

    Returns
    -------
    list of Row
        `count` rows, or all if there are fewer.
    """
    contract = load_contract(system, model)
    champion = system.registry.alias(model)
    if champion is None:
        raise NotFoundError(
            f"No version of {model} serves yet.", next_step=f"loop train --data {model}"
        )
    version = system.registry.version(model, champion.version)
    key = keys.dataset_data(model, version.dataset_version)
    body = system.store.get(key, max_bytes=MAX_DATA_BYTES).body
    found = read_parquet(body, sample=(count, seed))
    return [
        Row(
            record={column.name: _scalar(row[column.name], column) for column in contract.columns},
            outcome=_outcome(row[contract.target], contract),
        )
        for row in found
    ]


def read_parquet(body: bytes, *, sample: tuple[int, int] | None = None) -> list[dict[str, Cell]]:
    """Return the rows of a Parquet file, or a sample of them: ``(count, seed)``."""
    from training.data.read import connect  # noqa: PLC0415 - duckdb takes a while to load

    # A sample's size and seed cannot be parameters; both are whole numbers here.
    clause = (
        f" USING SAMPLE reservoir({sample[0]:d} ROWS) REPEATABLE ({sample[1]:d})" if sample else ""
    )
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "data.parquet"
        path.write_bytes(body)
        rows = connection.execute("FROM read_parquet(?)" + clause, [str(path)])
        names = [column[0] for column in rows.description or ()]
        return [dict(zip(names, values, strict=True)) for values in rows.fetchall()]


def _scalar(value: Cell, column: Column) -> Scalar:
    import numpy as np  # noqa: PLC0415 - slow to load, and few commands need it

    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if column.kind == "boolean":
        return bool(value)
    if column.kind == "numeric":
        # Kept as 32 bits: the shortest decimal that means the same is what a person typed.
        number = float(np.format_float_positional(np.float32(value), unique=True))
        return int(number) if number.is_integer() else number
    return str(value)


def _outcome(value: Cell, contract: Contract) -> str | float:
    return float(value) if contract.task == "regression" else str(value)
