"""Whether the graph of the learner's own candidate can be served at all, before it is picked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.counted import counted
from core.errors import IntegrityError
from core.inputs import ModelInputs
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import Split
from training.data.names import OWN
from training.judge.answers import load_graph
from training.judge.graph import Graph

_BROKEN = "The graph of your part candidate does not run where models are served"


def leave_out_unserved(
    store: ObjectStore, run_id: str, results: Sequence[runs.CandidateResult], split: Split
) -> list[runs.CandidateResult]:
    """Take the learner's own candidate for failed where onnxruntime cannot answer with its graph.

    It was exported where there is no onnxruntime. The reference candidates' graphs are known, and
    a fault of theirs is a fault.
    """
    return [
        each if each.candidate != OWN or each.status != "ok" else _try(store, run_id, each, split)
        for each in results
    ]


def _try(
    store: ObjectStore, run_id: str, result: runs.CandidateResult, split: Split
) -> runs.CandidateResult:
    body = load_graph(store, run_id, result)
    try:
        answers = Graph(body).predict(split.holdout.inputs)
        reason = _find_fault(answers, split.holdout.inputs)
    except IntegrityError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - onnxruntime's faults share no other base class
        reason = f"{_BROKEN}: {type(error).__name__}."
    if not reason:
        return result
    return runs.CandidateResult(candidate=OWN, status="failed", reason=reason)


def _find_fault(answers: NDArray[np.float64], inputs: ModelInputs) -> str:
    if answers.ndim != 2 or len(answers) != len(inputs):
        return f"{_BROKEN}: {len(inputs)} rows gave answers of shape {answers.shape}."
    missing = int((~np.isfinite(answers)).any(axis=1).sum())
    if missing:
        return f"{_BROKEN}: no finite answer for {missing} of {counted(len(inputs), 'row')}."
    return ""
