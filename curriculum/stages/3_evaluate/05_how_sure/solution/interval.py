"""Say how far a metric could have been from what was measured, by chance alone."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 300
Columns = Mapping[str, NDArray[np.float64]]


def find_interval(
    metric: Callable[[Columns], float], columns: Columns, customers: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """Return the 95% percentile interval of a metric; see the starter."""
    random = np.random.default_rng(seed)
    order = np.argsort(customers, kind="stable")
    starts = np.flatnonzero(np.diff(customers[order])) + 1
    rows_of = np.split(order, starts)
    count = len(rows_of)
    values = []
    for _ in range(RESAMPLES):
        drawn = random.integers(0, count, count)
        rows = np.concatenate([rows_of[each] for each in drawn])
        values.append(metric({name: column[rows] for name, column in columns.items()}))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
