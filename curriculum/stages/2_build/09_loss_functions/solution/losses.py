"""Say how bad a mistake is, and which way is down."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FAR = 40.0  # log-odds beyond which nothing is told apart


def loss(kind: str, y: Array, z: Array, knob: float | None) -> Array:
    """Return the loss of each row; see the starter."""
    error = y - z
    far = np.abs(error)
    if kind == "squared":
        return error**2
    if kind == "absolute":
        return far
    if kind == "huber":
        near = np.minimum(far, knob)
        return near**2 / 2 + knob * (far - near)
    if kind == "quantile":
        return np.maximum(knob * error, (knob - 1) * error)
    return np.logaddexp(0.0, z) - y * z


def slope(kind: str, y: Array, z: Array, knob: float | None) -> Array:
    """Return the derivative by z."""
    error = z - y
    if kind == "squared":
        return 2 * error
    if kind == "absolute":
        return np.sign(error)
    if kind == "huber":
        return np.clip(error, -knob, knob)
    if kind == "quantile":
        return np.where(error > 0, 1 - knob, -knob)
    small = np.exp(-np.abs(z))
    return np.where(z > 0, 1.0, small) / (1 + small) - y


def best_constant(kind: str, y: Array, knob: float | None) -> float:
    """Halve an interval until the mean slope changes its sign in the middle."""
    low, high = (-FAR, FAR) if kind == "log" else (float(y.min()), float(y.max()))
    for _ in range(60):
        middle = (low + high) / 2
        if slope(kind, y, np.full(len(y), middle), knob).mean() > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2
