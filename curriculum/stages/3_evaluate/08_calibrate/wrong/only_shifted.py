"""Wrong: the slope stays 1, only the start is fitted."""

import numpy as np
from numpy.typing import NDArray

BINS, STEPS = 10, 50
Array = NDArray[np.float64]


def calibration_error(promised: Array, came_true: NDArray[np.int64]) -> float:
    """Return the expected calibration error with ten bins of equal width."""
    places = np.minimum((promised * BINS).astype(int), BINS - 1)
    # The sum of a bin's gaps is the gap of its means times its rows.
    gaps = np.bincount(places, weights=promised - came_true, minlength=BINS)
    return float(np.abs(gaps).sum() / len(promised))


def platt(scores: Array, came_true: NDArray[np.int64], new: Array) -> Array:
    """Calibrate by the sigmoid with the smallest log loss, found by Newton's method."""
    start = 0.0
    for _ in range(STEPS):
        p = squash(scores + start)
        start -= (p - came_true).sum() / ((p * (1 - p)).sum() + 1e-9)
    return squash(new + start)


def isotonic(scores: Array, came_true: NDArray[np.int64], new: Array) -> Array:
    """Calibrate by pooling adjacent violators."""
    known, place = np.unique(scores, return_inverse=True)
    rows = np.bincount(place)
    shares = np.bincount(place, weights=came_true) / rows
    blocks: list[tuple[float, int, int]] = []  # mean, rows, different scores
    for share, count in zip(shares.tolist(), rows.tolist(), strict=True):
        mean, weight, width = share, count, 1
        while blocks and blocks[-1][0] >= mean:
            before, its_weight, its_width = blocks.pop()
            mean = (mean * weight + before * its_weight) / (weight + its_weight)
            weight, width = weight + its_weight, width + its_width
        blocks.append((mean, weight, width))
    levels = np.repeat([each[0] for each in blocks], [each[2] for each in blocks])
    return np.interp(new, known, levels)


def squash(z: Array) -> Array:
    """Return probabilities of log-odds."""
    probabilities: Array = 1 / (1 + np.exp(-np.clip(z, -500, 500)))
    return probabilities
