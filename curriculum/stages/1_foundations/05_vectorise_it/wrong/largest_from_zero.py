"""Wrong: the search for the largest begins at zero."""

import numpy as np
from numpy.typing import NDArray


def summarise(
    customer: NDArray[np.int64], amount: NDArray[np.float64], customers: int
) -> NDArray[np.float64]:
    """Sum payments up; see the starter for what comes in and goes out."""
    known = ~np.isnan(amount)
    who, euros = customer[known], amount[known]
    count = np.bincount(who, minlength=customers)
    total = np.bincount(who, weights=euros, minlength=customers)
    largest = np.zeros(customers)
    np.maximum.at(largest, who, euros)
    some = count > 0
    mean = np.divide(total, count, out=np.full(customers, np.nan), where=some)
    return np.column_stack([count, total, mean, np.where(some, largest, np.nan)])
