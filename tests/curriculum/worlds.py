"""A data bucket as the deployed system leaves it, for checks that read the live one."""

from core import keys
from core.store import Bucket, open_memory
from training.data.simulator import DATASET, contract, simulate, to_csv
from training.data.validate import validate_raw


def make_bucket(*, rows: int = 500, seed: int = 11, dirty_share: float = 0.05) -> Bucket:
    """Land a simulated file and let the validate step work on it."""
    store = open_memory()
    store.put(keys.contract(DATASET), contract().to_json())
    body = to_csv(simulate(rows, seed=seed), seed=seed, dirty_share=dirty_share).body
    raw_key = keys.raw(DATASET, "ab" * 32, "customers.csv")
    store.put(raw_key, body)
    assert validate_raw(store, raw_key=raw_key, contract=contract()).status == "ok"
    return store
