"""Cut a dataset version into training rows and a holdout, the same way every time.

The side of a row is decided by a hash of its identity and by nothing else: when the dataset grows,
no row changes sides, so every model version of a dataset is compared on rows that none was fitted
to.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.contract import Contract
from core.errors import IntegrityError
from core.inputs import ModelInputs
from core.store import ObjectStore
from training.data import rules, runs
from training.data.arrays import pack_arrays, pack_inputs
from training.data.read import connect

HOLDOUT_SHARE = 0.2
MAX_DATA_BYTES = 1024 * 1024 * 1024
_HASH_RANGE = 2**64


def is_holdout(identities: Iterable[str]) -> NDArray[np.bool_]:
    """Tell which rows belong to the holdout.

    Parameters
    ----------
    identities : iterable of str, n of them
        What names each row: its identifier, or its content when it has none.

    Returns
    -------
    bool array of shape (n,)
        True for about a fifth of all identities: those whose SHA-256 begins with a number in the
        lowest fifth of its range.
    """
    limit = int(HOLDOUT_SHARE * _HASH_RANGE)
    digests = (hashlib.sha256(identity.encode()).digest() for identity in identities)
    return np.array([int.from_bytes(digest[:8], "big") < limit for digest in digests], np.bool_)


def split_dataset(store: ObjectStore, *, run_id: str, version: str) -> runs.RunData:
    """Read a dataset version, cut it, and write ``split.npz`` and ``data.json`` of the run.

    Raises
    ------
    IntegrityError
        If there is no complete dataset version of this name.
    """
    contract = runs.load_spec(store, run_id).contract
    dataset = contract.dataset
    if not store.exists(keys.dataset_summary(dataset, version)):
        raise IntegrityError(f"The dataset version {version} of {dataset} is not complete.")
    body = store.get(keys.dataset_data(dataset, version), max_bytes=MAX_DATA_BYTES).body
    inputs, target, identities = _read_rows(body, contract)
    holdout = is_holdout(identities)
    arrays = pack_arrays(**pack_inputs(inputs), target=target, holdout=holdout)
    store.put(keys.run(run_id, "split.npz"), arrays)
    data = runs.RunData(
        dataset=dataset,
        version=version,
        rows=len(inputs),
        training_rows=int((~holdout).sum()),
        holdout_rows=int(holdout.sum()),
    )
    runs.write(store, keys.run(run_id, "data.json"), data)
    return data


def _read_rows(
    body: bytes, contract: Contract
) -> tuple[ModelInputs, NDArray[np.float64], list[str]]:
    numeric = [
        f"coalesce(CAST({rules.quote_name(c.name)} AS FLOAT), CAST('nan' AS FLOAT)) AS n{i}"
        for i, c in enumerate(contract.numeric_columns)
    ]
    strings = [
        f"coalesce({rules.quote_name(c.name)}, '') AS s{i}"
        for i, c in enumerate(contract.string_columns)
    ]
    selected = [
        *numeric,
        *strings,
        f"{_target(contract)} AS target",
        f"{_identity(contract)} AS id",
    ]
    columns = _fetch_columns(body, ", ".join(selected))
    n = len(columns["target"])
    inputs = ModelInputs(
        _stack([columns[f"n{i}"] for i in range(len(numeric))], n, np.dtype(np.float32)),
        _stack([columns[f"s{i}"] for i in range(len(strings))], n, np.dtype(np.object_)),
    )
    return inputs, columns["target"].astype(np.float64), columns["id"].tolist()


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
    if contract.identifier:
        return rules.quote_name(contract.identifier)
    names = [*(column.name for column in contract.columns), contract.target]
    cells = ", ".join(f"CAST({rules.quote_name(name)} AS VARCHAR)" for name in names)
    return f"CAST(to_json([{cells}]) AS VARCHAR)"


def _fetch_columns(body: bytes, selected: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "data.parquet"
        path.write_bytes(body)
        source = rules.quote_text(str(path))
        query = f"SELECT {selected} FROM read_parquet({source})"  # noqa: S608 (all names are quoted)
        # duckdb's arrays are masked where a column may hold NULL; no column here does.
        fetched = connection.execute(query).fetchnumpy()
        return {name: np.asarray(column) for name, column in fetched.items()}


def _stack(columns: list[Any], n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not columns:
        return np.empty((n, 0), dtype=dtype)
    return np.column_stack([np.asarray(column, dtype=dtype) for column in columns])
