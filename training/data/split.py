"""Cut a dataset version into training rows and a holdout, the same way every time.

The side of a row is decided by a hash of its identity (of its group, where the contract names one)
and by nothing else: when the dataset grows, no row changes sides, so every model version of a
dataset is compared on rows that none was fitted to. Where the contract names a time, the latest
fifth is held out instead, because that is what a model is for: what comes next.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.contract import Contract
from core.errors import IntegrityError, InvalidInputError
from core.inputs import ModelInputs
from core.store import ObjectStore
from core.values import plain_text
from training.data import rules, runs
from training.data.arrays import Rows, pack_arrays, pack_inputs
from training.data.environment import describe_environment
from training.data.leakage import find_leaks
from training.data.read import connect
from training.data.times import timed
from training.data.twins import find_twins

HOLDOUT_SHARE = 0.2
MIN_CLASS_ROWS = 2
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
    return np.array([_hash(identity) < limit for identity in identities], np.bool_)


def keep_rare_classes(
    holdout: NDArray[np.bool_], identities: Sequence[str], target: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Hold out at least `MIN_CLASS_ROWS` rows of each class, those with the lowest hashes.

    Shares of classes are alike on both sides where there are many rows; of a rare class, chance
    could leave none to judge by. A row that training once saw is never held out for this when
    more rows come: it would need a lower hash than those before it.
    """
    kept = holdout.copy()
    for label in np.unique(target):
        places = np.flatnonzero(target == label)
        if holdout[places].sum() < MIN_CLASS_ROWS:
            ranked = sorted(places.tolist(), key=lambda place: _hash(identities[place]))
            kept[ranked[: min(MIN_CLASS_ROWS, len(ranked) // 2)]] = True
    return kept


def find_latest(times: NDArray[np.float64]) -> tuple[NDArray[np.bool_], float]:
    """Hold out the latest fifth of n rows; rows of the same moment stay together.

    Returns
    -------
    holdout : bool array of shape (n,)
    start : float
        The first moment that is held out.
    """
    ordered = np.sort(times)
    start = float(ordered[min(len(ordered) - 1, round((1 - HOLDOUT_SHARE) * len(ordered)))])
    if start == ordered[0]:  # so many rows share the first moment that nothing would be left
        later = ordered[ordered > start]
        if not later.size:
            raise InvalidInputError(
                "All rows have the same time, so none is later than the others.",
                next_step="Name another column with --time, or none.",
            )
        start = float(later[0])
    return times >= start, start


@timed("split")
def split_dataset(store: ObjectStore, *, run_id: str, version: str) -> runs.RunData:
    """Read a dataset version, cut it, and write ``split.npz`` and ``data.json`` of the run.

    Raises
    ------
    IntegrityError
        If there is no complete dataset version of this name.
    InvalidInputError
        If all rows are of one time, or of groups that are all on one side.
    """
    contract = runs.load_spec(store, run_id).contract
    dataset = contract.dataset
    if not store.exists(keys.dataset_summary(dataset, version)):
        raise IntegrityError(f"The dataset version {version} of {dataset} is not complete.")
    body = store.get(keys.dataset_data(dataset, version), max_bytes=MAX_DATA_BYTES).body
    table = _read_rows(body, contract)
    holdout, start = _choose_holdout(table, contract)
    alike, aside = find_twins(table.rows.inputs, holdout)
    training = table.rows.select(~holdout & ~aside)
    groups = {} if table.rows.groups is None else {"groups": table.rows.groups}
    arrays = pack_arrays(
        **pack_inputs(table.rows.inputs), target=table.rows.target, holdout=holdout, aside=aside,
        **groups,
    )  # fmt: skip
    store.put(keys.run(run_id, "split.npz"), arrays)
    data = runs.RunData(
        dataset=dataset,
        version=version,
        rows=len(table.rows),
        training_rows=len(training),
        holdout_rows=int(holdout.sum()),
        split="time" if contract.time else "group" if contract.group else "hash",
        holdout_from=start,
        set_aside_rows=int(aside.sum()),
        overlap_rows=int(alike.sum() - aside.sum()),
        holdout_classes=_count_classes(table.rows.target[holdout], contract),
        leaks=find_leaks(training, contract),
        environment=describe_environment("tables"),
    )
    runs.write(store, keys.run(run_id, "data.json"), data)
    return data


def _choose_holdout(table: "_Table", contract: Contract) -> tuple[NDArray[np.bool_], float | None]:
    if contract.time:
        return find_latest(table.times)
    holdout = is_holdout(table.identities)
    if contract.task != "regression" and not contract.group:
        holdout = keep_rare_classes(holdout, table.identities, table.rows.target)
    if contract.group and (holdout.all() or not holdout.any()):
        raise InvalidInputError(
            f"There are too few groups in {contract.group!r} to hold some of them out.",
            next_step="Send rows of more groups, or name another column with --group.",
        )
    return holdout, None


def _count_classes(target: NDArray[np.float64], contract: Contract) -> dict[str, int]:
    if contract.task == "regression":
        return {}
    counts = np.bincount(target.astype(np.int64), minlength=len(contract.classes))
    return {label: int(counts[place]) for place, label in enumerate(contract.classes)}


@dataclass(frozen=True, slots=True)
class _Table:
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


def _read_rows(body: bytes, contract: Contract) -> _Table:
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
        f"{_time(contract)} AS moment",
    ]
    columns = _fetch_columns(body, ", ".join(selected), ordered=contract.time is not None)
    n = len(columns["target"])
    texts = [columns[f"s{i}"] for i in range(len(strings))]
    for place in range(len(contract.categorical_columns), len(texts)):
        texts[place] = [plain_text(text) for text in texts[place].tolist()]
    inputs = ModelInputs(
        _stack([columns[f"n{i}"] for i in range(len(numeric))], n, np.dtype(np.float32)),
        _stack(texts, n, np.dtype(np.object_)),
    )
    identities: list[str] = columns["id"].tolist()
    groups = None
    if contract.group:
        number_of = {name: place for place, name in enumerate(sorted(set(identities)))}
        groups = np.array([number_of[name] for name in identities], dtype=np.int64)
    rows = Rows(inputs, columns["target"].astype(np.float64), groups)
    return _Table(rows, identities, columns["moment"].astype(np.float64))


def _hash(identity: str) -> int:
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big")


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
    names = [*(column.name for column in contract.columns), contract.target]
    cells = ", ".join(f"CAST({rules.quote_name(name)} AS VARCHAR)" for name in names)
    return f"CAST(to_json([{cells}]) AS VARCHAR)"


def _time(contract: Contract) -> str:
    return rules.quote_name(contract.time) if contract.time else "CAST(0 AS DOUBLE)"


def _fetch_columns(body: bytes, selected: str, *, ordered: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "data.parquet"
        path.write_bytes(body)
        source = rules.quote_text(str(path))
        order = " ORDER BY moment, file_row_number" if ordered else ""
        table = f"read_parquet({source}, file_row_number = true)"
        query = f"SELECT {selected} FROM {table}{order}"  # noqa: S608 (all names are quoted)
        # duckdb's arrays are masked where a column may hold NULL; no column here does.
        fetched = connection.execute(query).fetchnumpy()
        return {name: np.asarray(column) for name, column in fetched.items()}


def _stack(columns: list[Any], n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not columns:
        return np.empty((n, 0), dtype=dtype)
    return np.column_stack([np.asarray(column, dtype=dtype) for column in columns])
