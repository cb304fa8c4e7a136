"""Sum payments up, customer by customer."""

import math

import numpy as np


def summarise(customer, amount, customers):
    """Sum payments up.

    customer    int array of shape (n,): whose payment it is, from 0 to customers - 1, in any order
    amount      float array of shape (n,): euros; NaN where the amount is not known
    customers   how many customers there are; some have no payment at all

    Return a float array of shape (customers, 4); its columns are
        0  how many payments with a known amount
        1  their sum (0 without any)
        2  their mean (NaN without any)
        3  the largest of them (NaN without any)
    """
    table = np.zeros((customers, 4))
    table[:, 2:] = np.nan
    for who, euros in zip(customer, amount):
        if math.isnan(euros):
            continue
        table[who, 0] += 1
        table[who, 1] += euros
        table[who, 2] = table[who, 1] / table[who, 0]
        if not table[who, 3] >= euros:
            table[who, 3] = euros
    return table
