"""Fits the learner's model once, and lets it read images of several kinds."""

import warnings
from types import ModuleType
from typing import Any


def drive(
    learner: ModuleType,
    images: Any,  # noqa: ANN401 - arrays
    y: Any,  # noqa: ANN401
    seed: int,
    asked: dict[str, Any],
) -> dict[str, object]:
    """Return what it reads on each kind of images; the text of a problem where it breaks."""
    with warnings.catch_warnings():
        # Division by zero is the learner's business; it shows in what they return.
        warnings.simplefilter("ignore")
        model = learner.fit(images.copy(), y.copy(), seed)
        said: dict[str, object] = {}
        for name, rows in asked.items():
            if name == "alone":
                said[name] = [_read(learner, model, rows[at : at + 1]) for at in range(len(rows))]
            else:
                said[name] = _read(learner, model, rows)
    return said


def _read(learner: ModuleType, model: object, images: Any) -> object:  # noqa: ANN401
    try:
        return learner.read(model, images.copy())
    except Exception as error:  # noqa: BLE001 - told to the learner, in the check's words
        return f"{type(error).__name__}: {error}"[:120]
