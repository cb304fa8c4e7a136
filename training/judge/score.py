"""The metrics of a holdout with their intervals. All are kept; which matters is for people to say.

Each metric is computed for many resamples at once, by the same code as for the rows themselves
(weights of one), and compared with scikit-learn's in the tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.contract import Task
from core.metrics import LOSS_NAMES, loss, row_losses
from training.data.runs import Comparison
from training.judge.classes import BinaryScores, MulticlassScores, make_bins
from training.judge.numbers import NumberScores
from training.judge.resample import Interval, draw_weights, find_intervals, mirror_interval

Numbers = dict[str, NDArray[np.float64]]

DECISION_THRESHOLD: Final = 0.5

_ERROR: Final = "expected_calibration_error"
_CHANCE_DRAWS: Final = 400


class Scores(Protocol):
    """What measures answers in many resamples at once."""

    width: int

    def measure(self, weights: NDArray[np.float64]) -> Numbers:
        """Return each metric of shape (b,) for weights of shape (b, n)."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Metrics by name, and the 95% bootstrap interval of each that has one.

    Attributes
    ----------
    chance : tuple of float
        Of a classification: calibration errors that a perfectly calibrated model would have here,
        one a draw.
    """

    metrics: dict[str, float]
    intervals: dict[str, Interval]
    chance: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Holdout:
    """What is scored, and how.

    Attributes
    ----------
    task : {'binary', 'multiclass', 'regression'}
    target : array of shape (n,)
        Class indices, or numbers.
    seed : int
        Of the resamples.
    threshold : float
        Of a binary decision.
    half_width : float or None
        Of the interval around a regression's prediction.
    groups : int64 array of shape (n,) or None
        Rows that belong together.
    """

    task: Task
    target: NDArray[np.float64]
    seed: int = 0
    threshold: float = DECISION_THRESHOLD
    half_width: float | None = None
    groups: NDArray[np.int64] | None = None

    def score(self, answers: NDArray[np.float64]) -> dict[str, float]:
        """Return the metrics of n answers, by name.

        Parameters
        ----------
        answers : array of shape (n, n_classes) or (n, 1)
            Probabilities in the order of the contract's classes, or predictions.

        Returns
        -------
        dict of str to float
            The task's loss under `core.metrics.LOSS_NAMES`, and the usual others. A metric that
            these rows leave undefined (ROC AUC where a class is absent) is left out.
        """
        ones = np.ones((1, len(answers)))
        measured = self.open_scores(answers).measure(ones)
        found = {name: float(v[0]) for name, v in measured.items() if np.isfinite(v[0])}
        return {LOSS_NAMES[self.task]: loss(self.task, answers, self.target)} | found

    def score_with_intervals(self, answers: NDArray[np.float64]) -> Scored:
        """Return the metrics of n answers and the interval of each; see `score`."""
        scores = self.open_scores(answers)
        parts = [
            scores.measure(weights) | self.weigh_losses(answers, weights)
            for weights in self.draw(scores.width)
        ]
        metrics, intervals = self.score(answers), find_intervals(parts)
        chance: tuple[float, ...] = ()
        if self.task != "regression":
            chance = tuple(make_bins(answers).draw_errors(_CHANCE_DRAWS, seed=self.seed).tolist())
            intervals[_ERROR] = mirror_interval(
                metrics[_ERROR],
                intervals[_ERROR],
                by_chance=float(np.percentile(chance, 97.5)),
            )
        kept = {name: intervals[name] for name in metrics if name in intervals}
        return Scored(metrics, kept, chance)

    def compare(self, answers: NDArray[np.float64], others: NDArray[np.float64]) -> Comparison:
        """Compare the loss of these answers with that of another model's, by a paired bootstrap."""
        target = self.target
        differences = row_losses(self.task, answers, target) - row_losses(self.task, others, target)
        means = np.concatenate(
            [weights @ differences / weights.sum(axis=1) for weights in self.draw(1)]
        )
        low, high = np.percentile(means, [2.5, 97.5])
        return Comparison(
            difference=float(differences.mean()),
            low=float(low),
            high=float(high),
            share_better=float((means < 0).mean()),
        )

    def open_scores(self, answers: NDArray[np.float64]) -> Scores:
        """Return what measures n answers in many resamples at once."""
        if self.task == "regression":
            return NumberScores(answers.reshape(-1), self.target, self.half_width)
        classes = self.target.astype(np.int64)
        if self.task == "binary":
            return BinaryScores(answers, classes, self.threshold)
        return MulticlassScores(answers, classes)

    def weigh_losses(self, answers: NDArray[np.float64], weights: NDArray[np.float64]) -> Numbers:
        """Return the task's loss of resamples, by name."""
        losses = row_losses(self.task, answers, self.target)
        return {LOSS_NAMES[self.task]: weights @ losses / weights.sum(axis=1)}

    def draw(self, width: int) -> Iterable[NDArray[np.float64]]:
        """Draw resamples of the holdout; see `draw_weights`."""
        return draw_weights(len(self.target), seed=self.seed, groups=self.groups, width=width)
