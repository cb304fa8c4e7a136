"""Metrics of a regression, of many resamples at once."""

import numpy as np
from numpy.typing import NDArray


class NumberScores:
    """How far predictions are from the truth.

    Parameters
    ----------
    predictions, target : array of shape (n,)
        Numbers.
    half_width : float or None
        Of the interval around each prediction, if there is one.
    """

    width = 1

    def __init__(
        self,
        predictions: NDArray[np.float64],
        target: NDArray[np.float64],
        half_width: float | None,
    ) -> None:
        error = np.abs(predictions - target)
        centred = target - target.mean()  # large numbers would lose the digits that differ
        columns = [error**2, centred, centred**2]
        # A relative error needs a truth other than 0.
        self._has_shares = bool((target != 0).all())
        if self._has_shares:
            columns.append(error / np.abs(target))
        self._has_interval = half_width is not None
        if half_width is not None:
            columns.append((error <= half_width).astype(np.float64))
        self._columns = np.column_stack(columns)
        self._half_width = half_width

    def measure(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return each metric of shape (b,) for weights of shape (b, n); NaN is undefined."""
        squared, centred, spread, *rest = (
            (weights @ self._columns) / weights.sum(axis=1, keepdims=True)
        ).T
        variance = spread - centred**2
        with np.errstate(invalid="ignore", divide="ignore"):
            r2 = np.where(variance > 1e-12 * spread, 1 - squared / variance, np.nan)
        found = {"root_mean_squared_error": np.sqrt(squared), "r2": r2}
        if self._has_shares:
            found["mean_absolute_percentage_error"] = rest[0]
        if self._has_interval:
            found["interval_coverage"] = rest[-1]
        return found
