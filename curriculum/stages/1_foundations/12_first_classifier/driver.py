"""Fits the learner's rule on some rows, and asks it about these, about others, and far outside."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    X: Any,  # noqa: ANN401 - arrays
    y: Any,  # noqa: ANN401
    hidden: Any,  # noqa: ANN401
    outside: Any,  # noqa: ANN401
) -> dict[str, object]:
    """Return the probabilities of three tables."""
    with warnings.catch_warnings():
        # What overflows shows in what is returned.
        warnings.simplefilter("ignore", RuntimeWarning)
        learned = learner.fit(X.copy(), y.copy())
        tables = {"trained": X, "hidden": hidden, "outside": outside}
        return {name: learner.predict(learned, table.copy()) for name, table in tables.items()}
