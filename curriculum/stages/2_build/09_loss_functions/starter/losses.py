"""Say how bad a mistake is, and which way is down."""

import numpy as np


def loss(kind, y, z, knob):
    """Return the loss of each row.

    kind   "squared"    the square of y - z
           "absolute"   the distance of y and z
           "huber"      half the square of y - z where they are at most `knob` apart; further out it goes on
                        as a straight line, without a gap and without a bend
           "quantile"   `knob` times the distance where y is above z, 1 - `knob` times where it is below
           "log"        y is 0 or 1, z are log-odds: -log of the probability given to what happened
    y      float array of shape (n,): what happened
    z      float array of shape (n,): what was answered, perhaps far away
    knob   a number above 0; kinds without one get None
    """
    return (y - z) ** 2


def slope(kind, y, z, knob):
    """Return, for each row, by how much the loss grows when z does: its derivative by z.

    Where a loss has a corner, any number between the slopes on its two sides is right.
    """
    return 2 * (z - y)


def best_constant(kind, y, knob):
    """Return the number z which, answered for every row, has the smallest mean loss.

    For "log", z are log-odds, and both outcomes occur in y.
    """
    return np.mean(y)
