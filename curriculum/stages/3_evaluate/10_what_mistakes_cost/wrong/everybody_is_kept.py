"""Wrong: as if each call kept her."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def decide(
    probability: NDArray[np.float64],
    value: NDArray[np.float64],
    call: float,
    kept: float,
    capacity: int,
) -> dict[str, Any]:
    """Choose whom to call; see the starter."""
    # What is not lost if she would have left, is called, and can be kept.
    rescued = value
    gain = probability * rescued - call
    order = np.argsort(-gain, kind="stable")
    called = order[gain[order] > 0][:capacity]
    return {
        "threshold": (call / rescued).tolist(),
        "gain": gain.tolist(),
        "called": called.tolist(),
        "total": float(gain[called].sum()),
    }
