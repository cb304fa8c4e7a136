"""Lets the learner weigh texts, all at once and one by one; or fit some and answer others."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    what: str,
    texts: list[str],
    others: list[str],
    y: Any,  # noqa: ANN401 - an array, or nothing
) -> dict[str, object]:
    """Return weights and rows, or answers."""
    with warnings.catch_warnings():
        # Division by zero is the learner's business; it shows in what they return.
        warnings.simplefilter("ignore", RuntimeWarning)
        if what == "weigh":
            weights = learner.learn(list(texts))
            return {
                "weights": dict(weights),
                "rows": learner.weigh(list(others), weights),
                "alone": [learner.weigh([text], weights) for text in others[:4]],
            }
        model = learner.fit(list(texts), y.copy())
        return {"answers": learner.predict(model, list(others))}
