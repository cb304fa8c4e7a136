"""A data bucket as the deployed system leaves it, in memory: what live checks are proven on."""

from functools import cache
from typing import Final

from core import keys
from core.store import Bucket, open_memory
from training.data.simulator import DATASET, contract, simulate, to_csv
from training.data.validate import validate_raw
from training.run import run_training

RUN_ID: Final = "world-1"
_SEED: Final = 11


def make_bucket(*, rows: int) -> Bucket:
    """Land a simulated file and let the validate step work on it."""
    store, raw_key = _land(rows)
    validated = validate_raw(store, raw_key=raw_key, contract=contract())
    if validated.status != "ok":
        raise AssertionError(f"the simulated file was refused: {validated.reason}")
    return store


@cache
def make_world() -> Bucket:
    """Land a simulated file, and train a model on it that is promoted; made once, to be read."""
    store, raw_key = _land(1_000)
    ended = run_training(store, raw_key=raw_key, run_id=RUN_ID, budget="tiny")
    if ended.outcome != "promoted":
        raise AssertionError(f"the world's model was {ended.outcome}: {ended.reason}")
    return store


def _land(rows: int) -> tuple[Bucket, str]:
    store = open_memory()
    store.put(keys.contract(DATASET), contract().to_json())
    body = to_csv(simulate(rows, seed=_SEED), seed=_SEED, dirty_share=0.05).body
    raw_key = keys.raw(DATASET, "ab" * 32, "customers.csv")
    store.put(raw_key, body)
    return store, raw_key
