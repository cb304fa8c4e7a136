"""The best possible score of a model, where the world is known: only the simulator's is."""

import json

from cli.rows import MAX_DATA_BYTES, read_parquet
from cli.system import System
from core import keys
from core.contract import Contract
from core.errors import LoopError, NotFoundError
from core.records import ModelVersion


def best_possible(system: System, model: str, version: ModelVersion | None) -> dict[str, float]:
    """Return the metrics that nobody could beat on the holdout of a model version.

    Returns
    -------
    dict of str to float
        Only metrics that the version has too; empty for data whose truth nobody knows.
    """
    if version is None or load_source(system, model).get("kind") != "simulator":
        return {}
    contract = Contract.from_json(system.store.get(keys.contract(model)).body)
    if contract.identifier is None:
        return {}
    key = keys.dataset_data(model, version.dataset_version)
    body = system.store.get(key, max_bytes=MAX_DATA_BYTES).body
    identifiers = [str(row[contract.identifier]) for row in read_parquet(body)]
    scores = _score_holdout(identifiers, str(load_source(system, model).get("world", "normal")))
    return {name: scores[name] for name in version.metrics if name in scores}


def load_source(system: System, dataset: str) -> dict[str, object]:
    """Return the note of where a dataset came from; empty when there is none."""
    try:
        document: dict[str, object] = json.loads(system.store.get(keys.source(dataset)).body)
    except (NotFoundError, ValueError):
        return {}
    return document


def _score_holdout(identifiers: list[str], world_name: str) -> dict[str, float]:
    # numpy and duckdb take a while to load, and few commands need them.
    from training.data import ceiling  # noqa: PLC0415
    from training.data.builtin import find_world  # noqa: PLC0415
    from training.data.split import is_holdout  # noqa: PLC0415

    chosen = is_holdout(identifiers)
    holdout = [name for name, held in zip(identifiers, chosen, strict=True) if held]
    try:
        return ceiling.best_possible(holdout, world=find_world(world_name))
    except LoopError:
        # Somebody landed rows of their own beside the simulator's: then nobody knows the truth.
        return {}
