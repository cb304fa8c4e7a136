"""Wrong: a test at five percent for each column, as if it were the only one."""

import numpy as np


def find_signal(X, y):
    found = []
    chance = np.random.default_rng(0)
    shuffled = chance.permuted(np.tile(y, (200, 1)), axis=1)
    for number, column in enumerate(X.T):
        edges = np.quantile(column, [0.2, 0.4, 0.6, 0.8])
        member = np.eye(5)[np.searchsorted(edges, column)]

        def strength(targets):
            return (((targets @ member) / member.sum(0) - y.mean()) ** 2).sum(-1)

        if strength(y) > np.quantile(strength(shuffled), 0.95):
            found.append(number)
    return found
