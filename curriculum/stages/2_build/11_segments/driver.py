"""Finds segments of some customers, and asks about others: all at once, and one by one."""

from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    X: Any,  # noqa: ANN401 - frames
    later: Any,  # noqa: ANN401
    alone: int,
    seed: int,
) -> dict[str, object]:
    """Return the segments of both, of some later customers alone, and the mean customers."""
    model = learner.fit(X.copy(), seed)
    return {
        "segments": learner.assign(model, X.copy()),
        "later": learner.assign(model, later.copy()),
        "alone": [learner.assign(model, later.iloc[row : row + 1].copy()) for row in range(alone)],
        "described": learner.describe(model),
    }
