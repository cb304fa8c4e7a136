"""How far predictions of numbers are off, where, and on which side."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data.reports import ResidualBin, Residuals
from training.judge.score import Holdout
from training.judge.shares import find_share_interval

MAX_BINS: Final = 15
MIN_ROWS: Final = 10
"""Rows of a bin, so that no bin tells of single rows."""

_HISTOGRAM_BINS: Final = 40
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_NORMAL: Final = 1.959963984540054


def describe_residuals(
    holdout: Holdout, answers: NDArray[np.float64], baseline: NDArray[np.float64]
) -> Residuals | None:
    """Describe truth less prediction, for rows of about the same prediction and over all.

    Returns
    -------
    Residuals or None
        None where the task is no regression, or there are too few rows for one bin.
    """
    if holdout.task != "regression" or len(answers) < MIN_ROWS:
        return None
    predictions, target = answers[:, 0], holdout.target
    off, off_baseline = target - predictions, target - baseline[:, 0]
    low, high = np.quantile(np.concatenate([off, off_baseline]), [0.005, 0.995])
    # As many bins as Rice's rule has it.
    bins = min(_HISTOGRAM_BINS, round(2 * len(off) ** (1 / 3)))
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    # Equal parts of the ordered rows; equal predictions may fall into two of them.
    order = np.argsort(predictions, kind="stable")
    parts = np.array_split(order, min(MAX_BINS, len(order) // MIN_ROWS))
    return Residuals(
        bins=tuple(_describe_bin(predictions[rows], off[rows], holdout) for rows in parts),
        edges=tuple(edges.tolist()),
        counts=_count(off, edges),
        baseline_counts=_count(off_baseline, edges),
    )


def _describe_bin(
    predictions: NDArray[np.float64], off: NDArray[np.float64], holdout: Holdout
) -> ResidualBin:
    rows, mean = len(off), float(off.mean())
    error = _NORMAL * float(off.std(ddof=1)) / np.sqrt(rows)
    covered, bounds = None, None
    if holdout.half_width is not None:
        inside = int((np.abs(off) <= holdout.half_width).sum())
        covered, bounds = inside / rows, find_share_interval(inside, rows)
    return ResidualBin(
        rows=rows,
        prediction=float(predictions.mean()),
        mean=mean,
        low=mean - error,
        high=mean + error,
        quantiles=tuple(np.quantile(off, _QUANTILES).tolist()),
        covered=covered,
        covered_interval=bounds,
    )


def _count(off: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[int, ...]:
    """Count by bin; what is beyond the ends counts in the outermost bins."""
    counts, _ = np.histogram(np.clip(off, edges[0], edges[-1]), edges)
    return tuple(counts.tolist())
