"""Find columns that know the outcome from afterwards."""

import pandas as pd


def find_leaks(X, y, written_after_days):
    """Find the columns that must not be features.

    X   DataFrame of n rows: columns of numbers and of texts; `isna()` says what is missing
    y   array of shape (n,): 1 for a customer who left, 0 for one who stayed
    written_after_days
        {column: days from the day of the question until its value is written}; 0 or less means
        that it is known on that day; None, that nobody could tell

    Return a list of names: the columns that alone know nearly everything about y, in rows that
    they have not learned it from, and those that are written too late.
    """
    left = pd.Series(y)
    suspects = []
    for name in X.select_dtypes("number"):
        known = X[name].notna()
        if X[name].nunique() > 1 and abs(X[name][known].corr(left[known])) > 0.8:
            suspects.append(name)
    return suspects
