"""Tell columns that know something from columns that only look so."""

import numpy as np
from numpy.typing import NDArray

PARTS = 5
SHUFFLES = 200


def find_signal(X: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the columns that carry signal: those that beat the best of shuffled targets."""
    parts = np.array([_cut(column) for column in X.T])
    shuffled = np.random.default_rng(0).permuted(np.tile(y, (SHUFFLES, 1)), axis=1)
    best_by_luck = _measure(parts, shuffled).max(axis=1)
    return np.flatnonzero(_measure(parts, y[None, :])[0] > np.quantile(best_by_luck, 0.95))


def _cut(column: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give each row the number of the fifth that its value lies in."""
    edges = np.quantile(column, np.linspace(0, 1, PARTS + 1)[1:-1])
    return np.searchsorted(edges, column)


def _measure(parts: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far the parts' means lie apart: one row for each target, one column for each X."""
    columns, rows = parts.shape
    member = (parts[:, :, None] == np.arange(PARTS)).astype(float)
    sizes = member.sum(axis=1)
    flat = member.transpose(1, 0, 2).reshape(rows, -1)
    means = (targets @ flat).reshape(len(targets), columns, PARTS) / sizes
    overall = targets.mean(axis=1)[:, None, None]
    return (sizes * (means - overall) ** 2).sum(axis=2)
