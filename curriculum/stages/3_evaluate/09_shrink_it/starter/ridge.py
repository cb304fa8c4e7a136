"""Keep weights small, and choose how small."""

import numpy as np


def fit(X, y, strength):
    """Fit a linear model with a price on its weights (ridge regression).

    X          float array of shape (n, k), k may be near n; no column is constant
    y          float array of shape (n,)
    strength   0 or more

    Minimise   mean squared error + strength * sum of squared weights,
    where the weights in the sum are those of columns brought to mean 0 and standard deviation 1
    (np.std). The start has no price.

    Return (start, weights) in the units of X: a prediction is start + X @ weights.
    """
    columns = np.column_stack([np.ones(len(X)), X])
    found = np.linalg.lstsq(columns, y, rcond=None)[0]
    return found[0], found[1:]


def choose(X, y, strengths, fold):
    """Choose a strength by cross-validation.

    strengths  list of numbers
    fold       int array of shape (n,): the fold of each row. Each fold in turn is predicted by a fit on
               the rows of all others

    Return the one of `strengths` with the smallest mean squared error over all n rows so predicted.
    """
    return strengths[0]
