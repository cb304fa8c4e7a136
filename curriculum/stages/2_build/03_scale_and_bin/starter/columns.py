"""Put a column of numbers on a scale, and into bins."""

import numpy as np


def fit(x, bins):
    """Learn from the training rows.

    x      float array of shape (n,): one column; NaN where a value is missing. Values may repeat, and
           all may be equal
    bins   how many bins at most

    Return whatever `transform` needs.
    """
    return {"low": np.nanmin(x), "high": np.nanmax(x), "bins": bins}


def transform(learned, x):
    """Transform other rows, perhaps only one, perhaps with values beyond all training rows.

    Return a dict of two arrays of shape (rows,):
        scaled   floats: the known training values have mean 0 and standard deviation 1, other rows are
                 moved and stretched in the same way. 0 where the value is missing. A column of which
                 all known training values are equal has nothing to stretch: 0 in the training rows
        bin      ints from 0 on: a larger value is in the same bin or in a later one. Each bin holds
                 about the same number of training rows (as far as equal values, which share a bin,
                 allow), and none is empty. Values beyond the training rows are in the first or the
                 last bin; -1 where the value is missing
    """
    width = (learned["high"] - learned["low"]) or 1.0
    part = (x - learned["low"]) / width
    place = np.clip(np.nan_to_num(part) * learned["bins"], 0, learned["bins"] - 1).astype(int)
    return {"scaled": np.nan_to_num(part), "bin": np.where(np.isnan(x), -1, place)}
