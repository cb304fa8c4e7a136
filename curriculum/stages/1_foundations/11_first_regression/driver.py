"""Fits the learner's rule on some rows, and asks it about others: all at once, and one by one."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    X: Any,  # noqa: ANN401 - arrays
    y: Any,  # noqa: ANN401
    hidden: Any,  # noqa: ANN401
    alone: int,
) -> dict[str, object]:
    """Return predictions of the training rows, of hidden rows, and of some of these alone."""
    with warnings.catch_warnings():
        # A mean of nothing is the learner's business; it shows in what they return.
        warnings.simplefilter("ignore", RuntimeWarning)
        learned = learner.fit(X.copy(), y.copy())
        return {
            "trained": learner.predict(learned, X.copy()),
            "hidden": learner.predict(learned, hidden.copy()),
            "alone": [
                learner.predict(learned, hidden[row : row + 1].copy()) for row in range(alone)
            ],
        }
