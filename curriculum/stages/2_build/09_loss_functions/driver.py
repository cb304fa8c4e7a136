"""Calls the three functions on one table."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    kind: str,
    y: Any,  # noqa: ANN401 - arrays
    z: Any,  # noqa: ANN401
    sample: Any,  # noqa: ANN401
    knob: float | None,
) -> dict[str, object]:
    """Return losses, slopes and the best constant for a sample."""
    with warnings.catch_warnings():
        # What overflows shows in what is returned.
        warnings.simplefilter("ignore", RuntimeWarning)
        return {
            "loss": learner.loss(kind, y.copy(), z.copy(), knob),
            "slope": learner.slope(kind, y.copy(), z.copy(), knob),
            "constant": learner.best_constant(kind, sample.copy(), knob),
        }
