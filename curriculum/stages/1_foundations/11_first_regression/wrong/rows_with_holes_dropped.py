"""Wrong: answers only for complete rows."""

import numpy as np
from numpy.typing import NDArray

Learned = dict[str, NDArray[np.float64]]


def fit(X: NDArray[np.float64], y: NDArray[np.float64]) -> Learned:
    """Learn a linear rule by least squares; see the starter."""
    means = np.nanmean(X, axis=0)
    return {"means": means, "weights": np.linalg.lstsq(_complete(X, means), y)[0]}


def predict(learned: Learned, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predict; each row by itself."""
    X = X[~np.isnan(X).any(axis=1)]
    return _complete(X, learned["means"]) @ learned["weights"]


def _complete(X: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill the holes with means of the training rows, and put a column of ones in front."""
    return np.column_stack([np.ones(len(X)), np.where(np.isnan(X), means, X)])
