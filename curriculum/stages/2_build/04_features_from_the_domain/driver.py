"""Makes features of rows to learn from, of hidden rows, and of some of these alone."""

from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    function: str,
    table: Any,  # noqa: ANN401 - a DataFrame
    hidden: Any,  # noqa: ANN401
    alone: int,
) -> dict[str, object]:
    """Return three sets of features; no model is fitted here."""
    make = getattr(learner, function)
    return {
        "known": make(table.copy()),
        "hidden": make(hidden.copy()),
        "alone": [
            make(hidden.iloc[row : row + 1].reset_index(drop=True).copy()) for row in range(alone)
        ],
    }
