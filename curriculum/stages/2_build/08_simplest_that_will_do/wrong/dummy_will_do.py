"""Wrong: lets the baseline be the simplest."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

BASELINE = "baseline"
Candidate = Mapping[str, Any]


def choose(candidates: Sequence[Candidate]) -> dict[str, Any]:
    """Choose by one standard error; see the starter."""
    fitted = sorted(
        (each for each in candidates if each["fold_losses"] is not None),
        key=lambda each: each["parameters"],
    )
    best = min(fitted, key=mean_loss)
    limit = mean_loss(best) + standard_error(best["fold_losses"])
    rivals = fitted
    simplest = next(each for each in rivals if mean_loss(each) <= limit)
    return {
        "best": best["name"],
        "limit": limit,
        "simplest": simplest["name"],
        "given_up": mean_loss(simplest) - mean_loss(best),
    }


def mean_loss(candidate: Candidate) -> float:
    """Return the mean over the folds."""
    return statistics.fmean(candidate["fold_losses"])


def standard_error(losses: Sequence[float]) -> float:
    """Return how far the mean of k numbers is usually off."""
    return statistics.stdev(losses) / math.sqrt(len(losses)) if len(losses) > 1 else 0.0
