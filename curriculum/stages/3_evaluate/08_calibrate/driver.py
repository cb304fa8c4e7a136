"""Asks the learner's three functions about one table."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    scores: Any,  # noqa: ANN401 - arrays
    came_true: Any,  # noqa: ANN401
    new: Any,  # noqa: ANN401
    promised: Any,  # noqa: ANN401
) -> dict[str, object]:
    """Return the error of some promises, and both calibrations of the known and of new scores."""
    with warnings.catch_warnings():
        # What overflows shows in what is returned.
        warnings.simplefilter("ignore", RuntimeWarning)
        return {
            "error": learner.calibration_error(promised.copy(), came_true.copy()),
            **{
                f"{name}_{which}": getattr(learner, name)(
                    scores.copy(), came_true.copy(), rows.copy()
                )
                for name in ("platt", "isotonic")
                for which, rows in (("known", scores), ("new", new))
            },
        }
