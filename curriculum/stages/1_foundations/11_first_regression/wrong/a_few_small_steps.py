"""Wrong: goes downhill, and stops long before the valley."""

import numpy as np
from numpy.typing import NDArray

Learned = dict[str, NDArray[np.float64]]


def fit(X: NDArray[np.float64], y: NDArray[np.float64]) -> Learned:
    """Learn a linear rule by least squares; see the starter."""
    means = np.nanmean(X, axis=0)
    return {"means": means, "weights": _walk(_complete(X, means), y)}


def _walk(Z, y):
    scale = np.abs(Z).max(axis=0)
    weights = np.zeros(Z.shape[1])
    for _ in range(300):
        weights -= 0.1 * (Z / scale).T @ (Z @ (weights / scale) - y) / len(y)
    return weights / scale


def predict(learned: Learned, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predict; each row by itself."""
    return _complete(X, learned["means"]) @ learned["weights"]


def _complete(X: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill the holes with means of the training rows, and put a column of ones in front."""
    return np.column_stack([np.ones(len(X)), np.where(np.isnan(X), means, X)])
