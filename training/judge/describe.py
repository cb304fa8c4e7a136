"""The report of a run: everything that people look at, from what evaluation measured."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from training.data import runs
from training.data.judging import Decision
from training.data.reports import ClassScores, ReliabilityBin, Report
from training.judge.classes import CALIBRATION_BINS, MulticlassScores, choose_classes
from training.judge.curves import trace_classes
from training.judge.decide import measure_cost
from training.judge.explain import Predict, find_hardest, measure_importances
from training.judge.resample import find_interval
from training.judge.residuals import describe_residuals
from training.judge.score import Holdout, Scored
from training.judge.shares import find_share_interval
from training.judge.slices import Answered, compare_groups, slice_holdout

MAX_CLASSES_TOLD = 50
"""Of more classes, no table of each one is made: nobody would read it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate that was scored on the holdout, with what it is compared with.

    Attributes
    ----------
    champion : array of shape (n, width) or None
        The champion's answers for the same rows; None when there is none that takes them.
    predict : callable
        Asks the candidate's graph.
    """

    contract: Contract
    answered: Answered
    scored: Scored
    champion: NDArray[np.float64] | None
    predict: Predict


def describe(
    judged: Judged, result: runs.CandidateResult, bundle_id: str, decision: Decision
) -> Report:
    """Write the report of the candidate that was picked."""
    contract, answered = judged.contract, judged.answered
    holdout = answered.holdout
    slices = slice_holdout(contract, answered)
    return Report(
        candidate=result.candidate,
        bundle_id=bundle_id,
        holdout_rows=len(holdout.target),
        metrics=judged.scored.metrics,
        intervals=judged.scored.intervals,
        baseline_metrics=holdout.score(answered.baseline),
        champion_metrics={} if judged.champion is None else holdout.score(judged.champion),
        comparisons=_compare(judged),
        calibration=result.calibration,
        calibration_losses=result.calibration_losses,
        decision_threshold=holdout.threshold if holdout.task == "binary" else None,
        interval_half_width=holdout.half_width,
        expected_cost=_measure_cost(answered, decision),
        classes=_describe_classes(contract, answered),
        reliability=describe_reliability(holdout, answered.answers),
        curves=trace_classes(
            contract,
            holdout,
            [
                ("candidate", answered.answers),
                ("baseline", answered.baseline),
                ("champion", judged.champion),
            ],
        ),
        residuals=describe_residuals(holdout, answered.answers, answered.baseline),
        confusion=_count_confusion(contract, answered),
        slices=slices,
        fairness=compare_groups(contract, slices),
        hardest=find_hardest(contract, answered),
        importances=measure_importances(contract, answered, judged.predict),
    )


def _compare(judged: Judged) -> dict[str, runs.Comparison]:
    answered = judged.answered
    others = {"baseline": answered.baseline}
    if judged.champion is not None:
        others["champion"] = judged.champion
    return {
        name: answered.holdout.compare(answered.answers, other) for name, other in others.items()
    }


def _measure_cost(answered: Answered, decision: Decision) -> float | None:
    holdout = answered.holdout
    if holdout.task != "binary":
        return None
    said = choose_classes(answered.answers, holdout.threshold) == 1
    return float(measure_cost(decision, said, holdout.target == 1).mean())


def _describe_classes(contract: Contract, answered: Answered) -> tuple[ClassScores, ...]:
    if contract.task != "multiclass" or len(contract.classes) > MAX_CLASSES_TOLD:
        return ()
    holdout = answered.holdout
    scores = MulticlassScores(answered.answers, holdout.target.astype(np.int64))
    found = scores.measure_classes(np.ones((1, len(holdout.target))))
    rows = found.pop("rows")[0]
    parts = [scores.measure_classes(weights) for weights in holdout.draw(scores.width)]
    tables = {name: np.concatenate([part[name] for part in parts]) for name in found}
    return tuple(
        ClassScores(
            label=label,
            rows=int(rows[place]),
            metrics={n: float(v[0, place]) for n, v in found.items() if np.isfinite(v[0, place])},
            intervals={
                name: interval
                for name, table in tables.items()
                if (interval := find_interval(table[:, place])) is not None
            },
        )
        for place, label in enumerate(contract.classes)
    )


def describe_reliability(
    holdout: Holdout, answers: NDArray[np.float64]
) -> tuple[ReliabilityBin, ...]:
    """Return how often it came true what n answers promised, by how much they promised."""
    if holdout.task == "regression":
        return ()
    if holdout.task == "binary":
        promised, kept = answers[:, 1], holdout.target == 1
    else:
        promised, kept = answers.max(axis=1), answers.argmax(axis=1) == holdout.target
    places = np.minimum((promised * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return tuple(
        _describe_bin(promised[places == at], kept[places == at]) for at in np.unique(places)
    )


def _describe_bin(promised: NDArray[np.float64], kept: NDArray[np.bool_]) -> ReliabilityBin:
    return ReliabilityBin(
        rows=len(kept),
        promised=float(promised.mean()),
        came_true=float(kept.mean()),
        interval=find_share_interval(int(kept.sum()), len(kept)),
    )


def _count_confusion(contract: Contract, answered: Answered) -> tuple[tuple[int, ...], ...]:
    count = len(contract.classes)
    if not 2 <= count <= MAX_CLASSES_TOLD:
        return ()
    said = choose_classes(answered.answers, answered.holdout.threshold)
    cells = answered.holdout.target.astype(np.int64) * count + said
    table = np.bincount(cells, minlength=count**2).reshape(count, count)
    return tuple(tuple(int(cell) for cell in row) for row in table)
