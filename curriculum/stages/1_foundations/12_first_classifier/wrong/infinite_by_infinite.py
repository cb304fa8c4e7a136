"""Wrong: exp(z) / (1 + exp(z)), which is NaN for large z."""

import numpy as np
from numpy.typing import NDArray

STEPS = 25
Learned = dict[str, NDArray[np.float64]]


def fit(X: NDArray[np.float64], y: NDArray[np.int64]) -> Learned:
    """Learn a logistic regression by Newton's method: jump to where the slope would be zero."""
    learned = {"mean": X.mean(axis=0), "spread": X.std(axis=0), "weights": np.zeros(X.shape[1] + 1)}
    columns = _scale(learned, X)
    # Keeps the jump finite where a column is constant or tells the outcome wholly.
    ridge = 1e-9 * len(y) * np.eye(columns.shape[1])
    for _ in range(STEPS):
        p = _squash(columns @ learned["weights"])
        slope = columns.T @ (p - y)
        bend = (columns * (p * (1 - p))[:, None]).T @ columns
        learned["weights"] = learned["weights"] - np.linalg.solve(bend + ridge, slope)
    return learned


def predict(learned: Learned, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predict each row's probability."""
    return _squash(_scale(learned, X) @ learned["weights"])


def _scale(learned: Learned, X: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled = (X - learned["mean"]) / np.where(learned["spread"] > 0, learned["spread"], 1.0)
    return np.column_stack([np.ones(len(X)), scaled])


def _squash(z: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(z) / (1 + np.exp(z))
