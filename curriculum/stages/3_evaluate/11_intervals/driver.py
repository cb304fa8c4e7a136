"""Gives the learner errors, or rows and two ways to learn from them."""

from types import ModuleType
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

SPREAD_NEIGHBOURS = 15


def drive(
    learner: ModuleType,
    errors: list[Any],
    tables: list[Any],
    coverage: float,
    seed: int,
) -> dict[str, object]:
    """Return a half width for each array of errors, intervals for each table, and rows fitted."""
    fitted = [0]

    def fit_middle(rows: Any, target: Any) -> Any:  # noqa: ANN401
        fitted.append(len(rows))
        return DecisionTreeRegressor(random_state=0).fit(rows, target).predict

    def fit_spread(rows: Any, target: Any) -> Any:  # noqa: ANN401
        neighbours = min(SPREAD_NEIGHBOURS, len(rows))
        return KNeighborsRegressor(neighbours).fit(rows, target).predict

    widths = [learner.find_half_width(np.array(each), coverage) for each in errors]
    intervals = [
        learner.find_intervals(
            fit_middle, fit_spread, rows.copy(), target.copy(), new.copy(), coverage, seed + place
        )
        for place, (rows, target, new) in enumerate(tables)
    ]
    return {
        "widths": [float(each) if np.isfinite(each) else None for each in widths],
        "low": [each[0] for each in intervals],
        "high": [each[1] for each in intervals],
        "most_fitted": max(fitted),
    }
