"""Fits with several strengths, and lets the learner choose one."""

from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    X: Any,  # noqa: ANN401 - arrays
    y: Any,  # noqa: ANN401
    strengths: list[float],
    fold: Any,  # noqa: ANN401
) -> dict[str, object]:
    """Return each strength's start and weights, and the choice."""
    fits = [learner.fit(X.copy(), y.copy(), strength) for strength in strengths]
    return {
        "fits": [list(fit) if isinstance(fit, tuple | list) else fit for fit in fits],
        "chosen": learner.choose(X.copy(), y.copy(), list(strengths), fold.copy()),
    }
