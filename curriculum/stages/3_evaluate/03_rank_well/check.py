"""Judges `rank`: by pairs of customers, and by walking down the list one score at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import Mistake, compare_fields
from curriculum.material.churn import churn
from curriculum.material.fraud import fraud

ROWS, PAYMENTS = 300, 2000
Array = NDArray[np.float64]
WHERE = {
    "roc_auc": "Of all pairs of one who left and one who stayed: in how many has the first the "
    "higher score? Ties count a half.",
    "average_precision": "The sum over the list's steps: recall added times precision after.",
    "threshold": "Of all scores at which the precision is high enough, the one with most recall.",
    "recall": "Of those who left, the share with a score of at least the threshold.",
}


def prepare(bench: Bench) -> list[Case]:
    """Make orders that are good, coarse, rare, useless and upside down."""
    chance = np.random.default_rng([bench.seed, 303])
    made = churn(ROWS, seed=bench.seed)
    odds = np.log(made.probability / (1 - made.probability))
    paid = fraud(PAYMENTS, seed=bench.seed, share=1 / 100)
    risk = paid.probability * np.exp(chance.normal(0, 0.8, PAYMENTS))
    coarse = made.probability.round(1)
    gone = made.y.astype(np.int64)
    # One who stayed has the highest score: the first step of the list is a wrong one.
    dipped = odds.copy()
    dipped[np.flatnonzero(gone == 0)[0]] = odds.max() + 1.0
    stolen = np.append(paid.y, 1)
    return [
        Case("scores of the subscriptions", (gone, odds, reach(gone, odds))),
        Case("scores rounded to one digit", (gone, coarse, reach(gone, coarse))),
        Case("fraud, 1 in 100", (stolen, np.append(risk, 0.4), 0.2)),
        Case("a list whose first customer stayed", (gone, dipped, reach(gone, dipped))),
        Case("a precision that nobody reaches", (gone, np.zeros(ROWS), 0.99)),
        Case("scores the wrong way round", (gone, -odds, float(gone.mean()) - 0.01)),
    ]


def reach(truth: NDArray[np.int64], scores: Array) -> float:
    """Return a precision that is reached in the middle of the list."""
    _, precision, _ = walk(truth, scores)
    return float(precision[len(precision) // 2 :].max()) - 1e-6


def walk(truth: NDArray[np.int64], scores: Array) -> tuple[Array, Array, Array]:
    """Return recall, precision and score at the end of each step, from the highest score."""
    levels = np.unique(scores)[::-1]
    called = scores[None, :] >= levels[:, None]
    hits = (called & (truth == 1)).sum(axis=1)
    return hits / truth.sum(), hits / called.sum(axis=1), levels


def work_out(truth: NDArray[np.int64], scores: Array, wanted: float) -> dict[str, float | None]:
    """Return the right answer."""
    recall, precision, levels = walk(truth, scores)
    left, stayed = scores[truth == 1], scores[truth == 0]
    gaps = np.sign(left[:, None] - stayed[None, :])
    allowed = np.flatnonzero(precision >= wanted)
    best = allowed[np.argmax(recall[allowed])] if len(allowed) else None
    return {
        "roc_auc": float(0.5 + gaps.mean() / 2),
        "average_precision": float(np.sum(np.diff(recall, prepend=0.0) * precision)),
        "threshold": None if best is None else float(levels[best]),
        "recall": 0.0 if best is None else float(recall[best]),
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field; well-known mistakes get their own words."""
    truth, scores, wanted = case.arguments
    right = work_out(truth, scores, wanted)
    return compare_fields(
        answer,
        right,
        where=WHERE,
        of="rank",
        mistakes=find_mistakes(right, truth, scores, wanted),
    )


def find_mistakes(
    right: Mapping[str, float | None], truth: NDArray[np.int64], scores: Array, wanted: float
) -> list[Mistake]:
    """Return what many get instead."""
    order = np.argsort(-scores, kind="stable")
    places = np.empty(len(scores))
    places[order] = -np.arange(len(scores))
    filed = work_out(truth, places, wanted)
    recall, precision, levels = walk(truth, scores)
    smooth = (precision + np.append(1.0, precision[:-1])) / 2
    steps = np.diff(recall, prepend=0.0)
    first = np.flatnonzero(np.cumprod(precision >= wanted))
    ties = (
        "Customers with the same score are ranked in the order of the file here. Shuffle the file, "
        "and the number is another."
    )
    dip = (
        "Precision falls, and rises again further down: go through the whole list before you "
        "choose."
    )
    area = right["roc_auc"] or 0.0
    return [
        Mistake("roc_auc", 0.5, "This is as good as one coin toss. These scores know more: count."),
        Mistake("roc_auc", filed["roc_auc"], ties),
        Mistake(
            "roc_auc",
            max(area, 1 - area),
            "An order that is worse than a coin is a finding: somebody has turned a sign round. "
            "Whoever turns it back in silence hides it.",
        ),
        Mistake("average_precision", filed["average_precision"], ties),
        Mistake(
            "average_precision",
            float(np.sum(steps * smooth)),
            "Straight lines between the steps promise lists that do not exist: precision does not "
            "move in straight lines. Take the precision at the end of each step.",
        ),
        Mistake(
            "threshold", float(levels[first[recall[first].argmax()]]) if len(first) else None, dip
        ),
    ]


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep both areas where fraud is rare."""
    rare: Any = plain(answers[2]) if len(cases) > 2 else {}
    return {name: round(float(rare[name]), 3) for name in ("roc_auc", "average_precision") if rare}
