"""Recommend films that somebody has not played yet."""

import numpy as np


def recommend(seen, n):
    """Return n items for each user, the best first: int array of shape (users, n).

    seen    bool array of shape (users, items): what each has played
    n       how many; every user has at least as many items left

    No item that the user has played, no item twice. Some users have played nothing yet, and some
    items nobody has.
    """
    popularity = seen.sum(axis=0)
    score = np.where(seen, -1.0, popularity[None, :])
    return np.argsort(-score, axis=1, kind="stable")[:, :n]
