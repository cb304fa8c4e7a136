"""How good a run's model is, in units of what is possible."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import keys
from core.store import ObjectStore
from tests.bench.stages import RUN_ID
from training.data import runs
from training.data.arrays import load_split
from training.data.ceiling import recall_truth
from training.data.read import connect
from training.data.rules import quote_name, quote_text
from training.data.split import is_holdout
from training.judge.score import Holdout

MAX_GAP = 0.005
"""How far the ROC AUC may stay below the truth's, at 100,000 rows."""

MAX_ERROR = 0.01
"""The largest expected calibration error at 100,000 rows."""

_HEADLINES = {"binary": "roc_auc", "multiclass": "macro_roc_auc", "regression": "r2"}


@dataclass(frozen=True, slots=True)
class Quality:
    """What a run came to.

    Attributes
    ----------
    training_rows, holdout_rows : int
    candidate : str
    headline : str
        Name of the metric.
    score : float
    error : float or None
        Expected calibration error of a classifier.
    best_score, best_error : float or None
        Both of the simulator's true probabilities, on the same holdout.
    verdict : str
        Of the gate.
    """

    training_rows: int
    holdout_rows: int
    candidate: str
    headline: str
    score: float
    error: float | None
    best_score: float | None
    best_error: float | None
    verdict: str

    @property
    def gap(self) -> float | None:
        """How far the score stays below the best possible; below 0 by luck."""
        return None if self.best_score is None else self.best_score - self.score


def measure_quality(store: ObjectStore, *, simulated: bool) -> Quality:
    """Read what a finished run left in the bucket, and ask the simulator for the truth."""
    spec, data = runs.load_spec(store, RUN_ID), runs.load_data(store, RUN_ID)
    evaluation = runs.load_evaluation(store, RUN_ID)
    gate = runs.load(store, keys.run(RUN_ID, "gate.json"), runs.GateReport)
    headline = _HEADLINES[spec.contract.task]
    best = _score_truth(store, spec, data) if simulated else {}
    return Quality(
        training_rows=data.training_rows,
        holdout_rows=data.holdout_rows,
        candidate=evaluation.candidate,
        headline=headline,
        score=evaluation.metrics[headline],
        error=evaluation.metrics.get("expected_calibration_error"),
        best_score=best.get(headline),
        best_error=best.get("expected_calibration_error"),
        verdict="passed" if gate.passed else "refused",
    )


def _score_truth(store: ObjectStore, spec: runs.RunSpec, data: runs.RunData) -> dict[str, float]:
    body = store.get(keys.dataset_data(data.dataset, data.version)).body
    names = _read_identifiers(body, spec.contract.identifier or "")
    held = [name for name, out in zip(names, is_holdout(names), strict=True) if out]
    probability, churned = recall_truth(held)
    target = load_split(store, RUN_ID, spec.contract).holdout.target
    if not np.array_equal(target == 1, churned):
        raise ValueError("The simulator remembers other outcomes than the holdout holds.")
    return Holdout("binary", target).score(np.column_stack([1 - probability, probability]))


def _read_identifiers(body: bytes, column: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "data.parquet"
        path.write_bytes(body)
        query = f"SELECT {quote_name(column)} FROM read_parquet({quote_text(str(path))})"
        return [str(name) for (name,) in connection.execute(query).fetchall()]
