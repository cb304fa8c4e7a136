"""Wrong: an unknown amount counts as a payment of nothing."""

import numpy as np


def summarise(customer, amount, customers):
    euros = np.nan_to_num(amount)
    count = np.bincount(customer, minlength=customers)
    total = np.bincount(customer, weights=euros, minlength=customers)
    largest = np.full(customers, -np.inf)
    np.maximum.at(largest, customer, euros)
    with np.errstate(invalid="ignore"):
        return np.column_stack([count, total, total / count, np.where(count, largest, np.nan)])
