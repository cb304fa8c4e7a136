"""Learns from some rows, and encodes these, others, and some of the others alone."""

from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    table: Any,  # noqa: ANN401 - a DataFrame
    hidden: Any,  # noqa: ANN401
    rare_rows: int,
    alone: int,
) -> dict[str, object]:
    """Return the names, and the matrices of three tables."""
    learned = learner.fit(table.copy(), rare_rows)
    return {
        "names": learner.names(learned),
        "trained": learner.transform(learned, table.copy()),
        "alone": [
            learner.transform(learned, hidden.iloc[row : row + 1].reset_index(drop=True))
            for row in range(alone)
        ],
        "hidden": learner.transform(learned, hidden.copy()),
    }
