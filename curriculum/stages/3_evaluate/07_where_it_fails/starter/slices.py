"""Find the rows for which a model is worse than for the others."""

import numpy as np
import pandas as pd


def find_slices(X, losses, min_rows):
    """Find parts of a holdout in which a model is worse than elsewhere, beyond chance.

    X         DataFrame of shape (n, k): columns of texts (missing: None) and of numbers (missing: NaN)
    losses    float array of shape (n,): the loss of each row
    min_rows  parts with fewer rows are not looked at

    A part is made of one column: all rows with one text, one quarter of the numbers, or the rows
    without a value. Columns with at most four different numbers are taken value by value.

    Return a list, the worst first, of dicts:
        column   name of the column
        rows     list of the places of its rows, 0 to n - 1
        excess   mean loss of these rows less the mean loss of all others: above 0 is worse
    Only parts whose excess is beyond chance are in it: about four standard errors or more.
    """
    return []
