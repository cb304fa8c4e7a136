"""Put a column of numbers on a scale, and into bins."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def fit(x: NDArray[np.float64], bins: int) -> dict[str, Any]:
    """Learn mean, spread and edges from the known values; see the starter."""
    known = x[~np.isnan(x)]
    spread = known.std()
    # A column of one value has a spread of rounding errors only.
    varies = spread > 1e-9 * np.abs(known).max()
    edges = np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf")
    edges = np.unique(edges)
    return {
        "mean": known.mean(),
        "spread": spread if varies else 1.0,
        "edges": edges[edges < known.max()],
    }


def transform(learned: dict[str, Any], x: NDArray[np.float64]) -> dict[str, NDArray[np.generic]]:
    """Transform other rows with what was learned; a value at an edge lies below it."""
    missing = np.isnan(x)
    scaled = (x - learned["mean"]) / learned["spread"]
    place = np.searchsorted(learned["edges"], x, side="left")
    return {"scaled": np.where(missing, 0.0, scaled), "bin": np.where(missing, -1, place)}
