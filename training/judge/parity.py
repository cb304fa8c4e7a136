"""Whether a graph answers as the model it was exported from, row by row."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.bundle import Parity
from core.contract import Task
from training.data.names import Precision

TOLERANCE: Final = 1e-5

TOLERANCES: Final[Mapping[Precision, float]] = MappingProxyType(
    {"fp32": TOLERANCE, "fp16": 2e-3, "int8": 5e-2}
)
"""How far answers may be from scikit-learn's, by how weights are stored.

Linear and neural models were measured to be up to 1e-3 away in float16, and up to 0.03 in 8 bits
(the built-in digits with a neural network; on generated tables, up to 3e-4 and 7e-3).
"""

_SMALLEST: Final = float(np.finfo(np.float32).tiny)
"""Below it float32 keeps fewer digits."""


def measure_parity(
    task: Task,
    expected: NDArray[np.float64],
    answered: NDArray[np.float64],
    *,
    threshold: float = 0.5,
    tolerance: float = TOLERANCE,
) -> Parity:
    """Compare scikit-learn's answers with the graph's; both of shape (n, width), n at least 1.

    Of two classes, the second is answered from the threshold on; of more, the likeliest.
    For a regression the difference is a share of the largest expected answer, because float32 keeps
    about seven digits whatever the unit. Classes count as identical
    where they differ only between probabilities closer than the tolerance: a tie has no right side.
    """
    difference = np.abs(expected - answered)
    if task == "regression":
        difference = difference / max(_SMALLEST, float(np.abs(expected).max()))
    largest = float(difference.max())
    return Parity(
        rows=len(expected),
        max_abs_difference=largest if np.isfinite(largest) else float(np.finfo(np.float64).max),
        classes_identical=task == "regression"
        or _same_classes(task, expected, answered, threshold=threshold, tolerance=tolerance),
        tolerance=tolerance,
    )


def _same_classes(
    task: Task,
    expected: NDArray[np.float64],
    answered: NDArray[np.float64],
    *,
    threshold: float,
    tolerance: float,
) -> bool:
    if task == "binary":
        apart = (expected[:, 1] >= threshold) != (answered[:, 1] >= threshold)
        return bool((np.abs(expected[apart, 1] - threshold) <= tolerance).all())
    rows = np.arange(len(expected))
    chosen = answered.argmax(axis=1)
    lead = expected.max(axis=1) - expected[rows, chosen]
    return bool((lead <= tolerance).all())
