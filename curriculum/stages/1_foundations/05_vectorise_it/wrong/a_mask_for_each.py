"""Wrong: array operations, but one pass over all rows for each customer."""

import numpy as np


def summarise(customer, amount, customers):
    table = np.zeros((customers, 4))
    table[:, 2:] = np.nan
    known = ~np.isnan(amount)
    for who in range(customers):
        own = amount[(customer == who) & known]
        if own.size:
            table[who] = own.size, own.sum(), own.mean(), own.max()
    return table
