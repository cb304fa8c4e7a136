"""Wrong: gives each of many challengers the full five percent."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

WRONG = 0.05


def compare(
    champion: NDArray[np.float64],
    challengers: Mapping[str, NDArray[np.float64]],
    worthwhile: float,
) -> dict[str, Any]:
    """Compare challengers with the champion on the same rows; see the starter."""
    errors = NormalDist().inv_cdf(1 - WRONG / 2)
    found = {}
    for name, losses in challengers.items():
        # Row by row, so that what is hard for both models cancels.
        gaps = losses - champion
        difference = float(gaps.mean())
        width = errors * float(gaps.std(ddof=1)) / len(gaps) ** 0.5
        found[name] = {
            "difference": difference,
            "low": difference - width,
            "high": difference + width,
        }
    able = [name for name, each in found.items() if each["high"] < -worthwhile]
    winner = min(able, key=lambda name: found[name]["difference"]) if able else None
    return {"challengers": found, "winner": winner}
