"""Wrong: the answers are the rows, and precision and recall change places."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def tally(truth: Sequence[str], said: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """Count the answers of a classifier; see the starter."""
    place = {name: number for number, name in enumerate(classes)}
    matrix = np.zeros((len(classes), len(classes)), int)
    np.add.at(matrix, ([place[name] for name in said], [place[name] for name in truth]), 1)
    hits, belong, sent = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    f1 = divide(2 * hits, belong + sent)
    known = [value for value in f1 if value is not None]
    return {
        "matrix": matrix.tolist(),
        "accuracy": float(hits.sum() / matrix.sum()),
        "precision": divide(hits, sent),
        "recall": divide(hits, belong),
        "f1": f1,
        "macro_f1": sum(known) / len(known),
        "mixed_up": find_worst(matrix, classes),
    }


def divide(above: Any, below: Any) -> list[float | None]:  # noqa: ANN401 - int arrays
    """Divide where there is something to divide by."""
    return [float(a / b) if b else None for a, b in zip(above, below, strict=True)]


def find_worst(matrix: Any, classes: Sequence[str]) -> list[str] | None:  # noqa: ANN401
    """Return truth and answer of the wrong cell with the most rows."""
    errors = matrix - np.diag(np.diag(matrix))
    if not errors.any():
        return None
    row, column = np.unravel_index(errors.argmax(), errors.shape)
    return [classes[row], classes[column]]
