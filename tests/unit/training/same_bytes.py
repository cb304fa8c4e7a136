"""Trains in a process of its own and prints the hashes of all that came of it, as JSON.

``python -m tests.unit.training.same_bytes``: what `test_same_bytes` starts, in surroundings that
differ as two machines differ.
"""

import hashlib
import json
import sys

from core.bundle import load_files
from tests.unit.training.worlds import make_landed
from training.data import runs
from training.data.arrays import load_split
from training.data.names import CANDIDATES
from training.model.candidates import fit_candidate
from training.model.export import export_graph
from training.model.recipes import find_recipe
from training.run import run_training


def main() -> None:
    """Train once from a landed file, and fit every candidate once for each other task."""
    store, key, _ = make_landed(rows=600)
    run_training(store, raw_key=key, run_id=f"run-of-{sys.argv[1]}", seed=3)
    bundle_id = runs.load_evaluation(store, f"run-of-{sys.argv[1]}").bundle_id
    found = {name: _hash(body) for name, body in load_files(store, bundle_id).items()}
    found["bundle"] = bundle_id
    for task in ("multiclass", "regression"):
        store, key, contract = make_landed(task, rows=600)
        run_training(store, raw_key=key, run_id="r", seed=3)
        rows = load_split(store, "r", contract).training
        for name in CANDIDATES:
            graph = export_graph(fit_candidate(find_recipe(name), rows, contract, seed=3))
            found[f"{task} {name}"] = _hash(graph)
    sys.stdout.write(json.dumps(found))


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


if __name__ == "__main__":
    main()
