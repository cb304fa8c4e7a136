"""Wrong: bills of zero are dropped from the percentage."""

import numpy as np
from numpy.typing import NDArray


def measure(
    actual: NDArray[np.float64],
    predicted: NDArray[np.float64],
    too_low: float,
    too_high: float,
) -> dict[str, float | None]:
    """Measure predictions in every usual way, and in the way that is paid for; see the starter."""
    errors = predicted - actual
    far, total = np.abs(errors), float(actual.sum())
    squared, of_mean = np.sum(errors**2), np.sum((actual - actual.mean()) ** 2)
    return {
        "bias": float(errors.mean()),
        "mae": float(far.mean()),
        "rmse": float(np.sqrt(np.mean(errors**2))),
        "r2": float(1 - squared / of_mean) if np.ptp(actual) else None,
        "mape": float(np.mean(far[actual > 0] / actual[actual > 0])) if actual.any() else None,
        "wape": float(far.sum() / total) if total else None,
        "cost": float(np.mean(far * np.where(errors < 0, too_low, too_high))),
    }
