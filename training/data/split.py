"""Cut a dataset version into training rows and a holdout, the same way every time.

The side of a row is decided by a hash of its identity (of its group, where the contract names one)
and by nothing else: when the dataset grows, no row changes sides, so every model version of a
dataset is compared on rows that none was fitted to. Where the contract names a time, the latest
fifth is held out instead, because that is what a model is for: what comes next.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.contract import Contract
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.store import ObjectStore
from training.data import limits, runs
from training.data.arrays import pack_arrays, pack_inputs
from training.data.environment import describe_environment
from training.data.leakage import find_leaks
from training.data.times import timed
from training.data.twins import find_twins
from training.data.version import Table, read_version

HOLDOUT_SHARE = 0.2
MIN_CLASS_ROWS = 2
MAX_DATA_BYTES = 1024 * 1024 * 1024
_HASH_RANGE = 2**64


def is_holdout(identities: Iterable[str]) -> NDArray[np.bool_]:
    """Tell which rows belong to the holdout.

    Parameters
    ----------
    identities : iterable of str, n of them
        What names each row: its identifier, or its features when it has none.

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
        If all rows are of one time, or of groups that are all on one side, or if what is there
        cannot become a faithful model: see `training.data.limits`.
    """
    contract = runs.load_spec(store, run_id).contract
    dataset = contract.dataset
    summary = _load_summary(store, dataset, version)
    body = store.get(keys.dataset_data(dataset, version), max_bytes=MAX_DATA_BYTES).body
    rounded = summary.get("rounded_numbers", {})
    table = read_version(body, contract, rounded=rounded)
    holdout, start = _choose_holdout(table, contract)
    alike, aside = find_twins(table.rows.inputs, holdout)
    training = table.rows.select(~holdout & ~aside)
    limits.check_sides(training, table.rows.select(holdout), contract)
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
        rounded_numbers=rounded,
        environment=describe_environment("tables"),
    )
    runs.write(store, keys.run(run_id, "data.json"), data)
    return data


def _load_summary(store: ObjectStore, dataset: str, version: str) -> dict[str, Any]:
    try:
        body = store.get(keys.dataset_summary(dataset, version)).body
    except NotFoundError:
        message = f"The dataset version {version} of {dataset} is not complete."
        raise IntegrityError(message) from None
    found: dict[str, Any] = json.loads(body)
    return found


def _choose_holdout(table: Table, contract: Contract) -> tuple[NDArray[np.bool_], float | None]:
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


def _hash(identity: str) -> int:
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big")
