"""Wrong: the right comparison, with a ruler that only sees straight lines."""

import numpy as np


def find_signal(X, y):
    z = (X - X.mean(0)) / X.std(0)
    chance = np.random.default_rng(0)
    shuffled = chance.permuted(np.tile(y, (300, 1)), axis=1)
    luck = np.abs((shuffled - y.mean()) @ z).max(axis=1)
    return np.flatnonzero(np.abs((y - y.mean()) @ z) > np.quantile(luck, 0.95))
