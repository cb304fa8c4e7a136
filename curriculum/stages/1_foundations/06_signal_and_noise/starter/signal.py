"""Tell columns that know something from columns that only look so."""

import numpy as np


def find_signal(X, y):
    """Find the columns that carry signal.

    X   float array of shape (n, k): k columns, most or all of them noise
    y   array of shape (n,): 1 for a customer who left, 0 for one who stayed

    Return a list with the numbers (from 0) of the columns that carry signal. When there is none,
    the list is empty; a table of pure noise may fool you in one case of twenty, not more often.
    """
    correlations = [abs(np.corrcoef(column, y)[0, 1]) for column in X.T]
    return np.argsort(correlations)[-5:]
