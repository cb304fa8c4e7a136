"""Turn scores into probabilities that keep their word."""

import numpy as np


def calibration_error(promised, came_true):
    """Return the expected calibration error with ten bins of equal width.

    promised    float array of shape (n,): probabilities, 0 to 1
    came_true   int array of shape (n,): 1 where it came true

    Bins are 0 to 0.1, 0.1 to 0.2, … (the left end belongs to a bin, and 1.0 belongs to the last). In each
    one take the distance of its mean promise to the share that came true; the error is the mean of
    these distances, each weighted by its bin's rows.
    """
    return abs(np.mean(promised) - np.mean(came_true))


def platt(scores, came_true, new):
    """Calibrate by a sigmoid: probability = 1 / (1 + exp(-(slope * score + start))).

    scores      float array of shape (n,): of rows that the model was not fitted on; any scale
    came_true   int array of shape (n,)
    new         float array of shape (m,): scores of other rows

    Slope and start are those with the smallest log loss on (scores, came_true). Return the
    probabilities of `new`, of shape (m,).
    """
    return 1 / (1 + np.exp(-new))


def isotonic(scores, came_true, new):
    """Calibrate by the best steps that never fall (smallest squared error), for shapes as above.

    Between known scores the probability runs in a straight line, beyond them it stays as it is at
    the lowest and the highest one.
    """
    return 1 / (1 + np.exp(-new))
