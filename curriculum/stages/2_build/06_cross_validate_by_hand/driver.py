"""Makes folds twice with one seed, and once with another."""

from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    y: Any,  # noqa: ANN401 - arrays
    count: int,
    seed: int,
    groups: Any,  # noqa: ANN401
    times: Any,  # noqa: ANN401
) -> dict[str, object]:
    """Return three sets of folds, as lists of pairs."""

    def make(number: int) -> list[list[object]]:
        folds = learner.make_folds(
            y.copy(),
            count,
            number,
            None if groups is None else groups.copy(),
            None if times is None else times.copy(),
        )
        return [list(pair) for pair in folds]

    return {"folds": make(seed), "again": make(seed), "other": make(seed + 1)}
