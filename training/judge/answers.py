"""What *candidate* left behind for judging: results, the graph, scikit-learn's own answers."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.bundle import BATCH_GRAPH, MAX_GRAPH_BYTES
from core.errors import IntegrityError
from core.inputs import ModelInputs
from core.mlmodel import GRAPH
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import unpack_arrays, unpack_inputs


@dataclass(frozen=True, slots=True)
class Answers:
    """What *candidate* stored of scikit-learn's answers; see `training.model.fit`.

    Attributes
    ----------
    holdout, training, planted : array of shape (n, width)
        Answers of the fitted model, for n rows each.
    planted_inputs : ModelInputs
        Rows planted on the model's edges.
    validated : array of shape (m, width)
        Answers for training rows by models that had not seen them.
    validated_target : array of shape (m,)
        What came true of these.
    """

    holdout: NDArray[np.float64]
    training: NDArray[np.float64]
    planted: NDArray[np.float64]
    planted_inputs: ModelInputs
    validated: NDArray[np.float64]
    validated_target: NDArray[np.float64]


def load_results(store: ObjectStore, spec: runs.RunSpec) -> list[runs.CandidateResult]:
    """Read how each of the run's candidates fared."""
    return [
        runs.load(store, keys.run_candidate(spec.run_id, name, "result.json"), runs.CandidateResult)
        for name in spec.candidates
    ]


def load_graph(store: ObjectStore, run_id: str, best: runs.CandidateResult) -> bytes:
    """Read a candidate's graph; `IntegrityError` when it is not the one that was fitted."""
    return _load(store, keys.run_candidate(run_id, best.candidate, GRAPH), best.graph_sha256)


def load_batch_graph(store: ObjectStore, run_id: str, best: runs.CandidateResult) -> bytes | None:
    """Read a candidate's graph for batch scoring, if it has one; see `load_graph`."""
    if not best.batch_graph_sha256:
        return None
    key = keys.run_candidate(run_id, best.candidate, BATCH_GRAPH)
    return _load(store, key, best.batch_graph_sha256)


def _load(store: ObjectStore, key: str, promised: str) -> bytes:
    body = store.get(key, max_bytes=MAX_GRAPH_BYTES).body
    if hashlib.sha256(body).hexdigest() != promised:
        raise IntegrityError(f"{key} does not have the hash that its result promises.")
    return body


def load_answers(store: ObjectStore, run_id: str, candidate: str) -> Answers:
    """Read scikit-learn's answers of a candidate."""
    key = keys.run_candidate(run_id, candidate, "holdout.npz")
    arrays = unpack_arrays(store.get(key, max_bytes=runs.MAX_SPLIT_BYTES).body, key=key)
    numbers = {
        name: arrays[stored].astype(np.float64)
        for name, stored in (
            ("holdout", "scores"),
            ("training", "training_scores"),
            ("planted", "planted_scores"),
            ("validated", "validated_scores"),
            ("validated_target", "validated_target"),
        )
    }
    return Answers(planted_inputs=unpack_inputs(arrays, prefix="planted_"), **numbers)
