"""Judge an order, not a decision."""

import numpy as np


def rank(truth, scores, wanted):
    """Judge how well scores put those who left before those who stayed.

    truth    int array of shape (n,): 1 for who left, 0 for who stayed; both occur
    scores   float array of shape (n,): higher means more likely to leave. Any scale, ties are possible
    wanted   a precision between 0 and 1

    Return a dict:
        roc_auc             chance that a random customer who left has a higher score than a random one
                            who stayed; a tie counts a half
        average_precision   walk down the list, from the highest score; at each new score, all customers
                            with it are added: the sum of (recall added x precision after adding)
        threshold           the score from which on (>=) customers are called, so that the precision is
                            at least `wanted` and the recall is as high as it can be; a score that
                            occurs; None if there is none. At equal recall the highest threshold
        recall              the recall at this threshold; 0 if there is none
    """
    return {"roc_auc": 0.5, "average_precision": 0.5, "threshold": 0.5, "recall": 0.5}
