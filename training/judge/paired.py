"""Two models on the same rows: every metric of both, and how far apart they are beyond chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.judge.resample import find_interval
from training.judge.score import Holdout


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of the second model less that of the first.

    Attributes
    ----------
    interval : (float, float) or None
        95%, by the paired bootstrap: both are measured on the same resamples.
    """

    first: float
    second: float
    difference: float
    interval: tuple[float, float] | None = None


def compare_metrics(
    first: tuple[Holdout, NDArray[np.float64]], second: tuple[Holdout, NDArray[np.float64]]
) -> dict[str, Difference]:
    """Compare two models by every metric that both have.

    Parameters
    ----------
    first, second : (Holdout, array of shape (n, width))
        The same rows with each model's own threshold or interval, and its answers.

    References
    ----------
    Efron, B. and Tibshirani, R. (1993), "An Introduction to the Bootstrap", chapter 16.
    """
    values = [holdout.score(answers) for holdout, answers in (first, second)]
    opened = [holdout.open_scores(answers) for holdout, answers in (first, second)]
    drawn: dict[str, list[NDArray[np.float64]]] = {}
    for weights in first[0].draw(2 * opened[0].width):
        measured = [
            scores.measure(weights) | holdout.weigh_losses(answers, weights)
            for scores, (holdout, answers) in zip(opened, (first, second), strict=True)
        ]
        for name in measured[0].keys() & measured[1].keys():
            drawn.setdefault(name, []).append(measured[1][name] - measured[0][name])
    return {
        name: Difference(
            values[0][name],
            values[1][name],
            values[1][name] - values[0][name],
            find_interval(np.concatenate(drawn[name])) if name in drawn else None,
        )
        for name in values[0]
        if name in values[1]
    }
