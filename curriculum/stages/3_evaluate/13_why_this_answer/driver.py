"""Gives the learner's two functions a model to ask, one that is made from a few numbers."""

from types import ModuleType
from typing import Any

import numpy as np


def drive(
    learner: ModuleType,
    model: dict[str, Any],
    X: Any,  # noqa: ANN401 - an array
    y: Any,  # noqa: ANN401
    groups: list[list[int]],
    shuffles: tuple[int, int],
    ends: tuple[Any, Any],
) -> dict[str, object]:
    """Return importances, contributions, and whether the table is still what it was."""
    times, seed = shuffles
    record, reference = ends

    def predict(rows: Any) -> Any:  # noqa: ANN401
        table = np.asarray(rows, np.float64)
        answer = table @ np.asarray(model["weights"])
        for one, other, weight in model["pairs"]:
            answer = answer + weight * table[:, one] * table[:, other]
        for place, limit, height in model["steps"]:
            answer = answer + height * (table[:, place] > limit)
        return answer

    given = X.copy()
    found = learner.measure_importance(
        predict, given, y.copy(), [list(group) for group in groups], times, seed
    )
    return {
        "importances": [list(each) for each in found],
        "contributions": learner.explain(predict, record.copy(), reference.copy()),
        "kept": bool(np.array_equal(given, X)),
    }
