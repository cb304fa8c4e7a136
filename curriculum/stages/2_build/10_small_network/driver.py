"""Asks the learner's network: for probabilities, for gradients, or to train and answer."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    what: str,
    X: Any,  # noqa: ANN401 - arrays
    y: Any,  # noqa: ANN401
    other: Any,  # noqa: ANN401
) -> dict[str, object]:
    """Return what `what` asks for; `other` is weights, or how to train and hidden rows."""
    with warnings.catch_warnings():
        # Overflows are the learner's business; they show in what they return.
        warnings.simplefilter("ignore", RuntimeWarning)
        if what == "forward":
            return {"probability": learner.forward(X.copy(), [each.copy() for each in other])}
        if what == "gradients":
            loss, gradients = learner.loss_and_gradients(
                X.copy(), y.copy(), [each.copy() for each in other]
            )
            return {"loss": loss, "gradients": list(gradients)}
        hidden, seed, rows = other
        first = learner.train(X.copy(), y.copy(), 2, hidden, seed)
        again = learner.train(X.copy(), y.copy(), 2, hidden, seed)
        return {
            "weights": list(first),
            "probability": learner.forward(rows.copy(), first),
            "again": learner.forward(rows.copy(), again),
        }
