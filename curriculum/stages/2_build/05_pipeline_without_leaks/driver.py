"""Asks for estimates, fits what was built, and lets it predict hidden rows."""

from types import ModuleType
from typing import Any

from sklearn.base import clone


def drive(
    learner: ModuleType,
    tables: Any,  # noqa: ANN401 - a list of (X, y, hidden)
) -> list[dict[str, object]]:
    """Return for each table the estimate, and what the fitted model says of hidden rows."""
    found: list[dict[str, object]] = []
    for place, (X, y, hidden) in enumerate(tables):
        told = learner.estimate(X.copy(), y.copy())
        answers, own = None, None
        if len(hidden) or not place:
            fitted = clone(learner.build()).fit(X.copy(), y.copy())
            answers = fitted.predict(hidden.copy()) if len(hidden) else None
            own = fitted.score(X.copy(), y.copy())
        found.append({"estimate": told, "hidden": answers, "own": own})
    return found
