"""Gives the learner's bootstrap a metric to measure, and asks it with several seeds."""

from types import ModuleType
from typing import Any

import numpy as np


def drive(
    learner: ModuleType,
    name: str,
    columns: dict[str, Any],
    customers: Any,  # noqa: ANN401 - an array
    seeds: list[int],
) -> dict[str, object]:
    """Return what each seed gives, and what the next one after the last gives."""
    *found, other = (
        learner.find_interval(METRICS[name], dict(columns), customers.copy(), seed)
        for seed in [*seeds, seeds[-1] + 1]
    )
    return {"found": found, "other": other}


def brier(columns: dict[str, Any]) -> float:
    """Return the mean squared distance of probabilities."""
    return float(np.mean((columns["probability"] - columns["left"]) ** 2))


def recall(columns: dict[str, Any]) -> float:
    """Return the share of those who left that is called; NaN when nobody left."""
    gone = columns["left"] == 1
    return float((columns["probability"][gone] >= 0.5).mean()) if gone.any() else float("nan")


def median(columns: dict[str, Any]) -> float:
    """Return the middle distance, which no formula has an error for."""
    return float(np.median(np.abs(columns["actual"] - columns["predicted"])))


METRICS = {"brier": brier, "recall": recall, "median": median}
