"""Learns from some rows, and transforms these, others, and some of the others alone."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    x: Any,  # noqa: ANN401 - arrays
    hidden: Any,  # noqa: ANN401
    bins: int,
) -> dict[str, object]:
    """Return three answers of `transform`."""
    with warnings.catch_warnings():
        # What divides by nothing shows in what is returned.
        warnings.simplefilter("ignore", RuntimeWarning)
        learned = learner.fit(x.copy(), bins)
        return {
            "trained": learner.transform(learned, x.copy()),
            "hidden": learner.transform(learned, hidden.copy()),
            "alone": learner.transform(learned, hidden[:1].copy()),
        }
