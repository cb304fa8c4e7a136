"""Wrong: shuffles in the table itself, and never puts a column back."""

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Predict = Callable[[Array], Array]


def measure_importance(
    predict: Predict, X: Array, y: Array, groups: Sequence[list[int]], times: int, seed: int
) -> list[tuple[float, float]]:
    """Return (increase, deviation) for each group; see the starter."""
    random = np.random.default_rng(seed)
    before = np.mean((predict(X) - y) ** 2)
    found = []
    for group in groups:
        increases = []
        for _ in range(times):
            shuffled = X
            shuffled[:, group] = X[random.permutation(len(X))][:, group]
            increases.append(np.mean((predict(shuffled) - y) ** 2) - before)
        found.append((float(np.mean(increases)), float(np.std(increases))))
    return found


def explain(predict: Predict, record: Array, reference: Array) -> Array:
    """Return each field's mean step over all orders; see the starter."""
    count = len(record)
    orders = list(permutations(range(count)))
    walks = np.tile(reference, (len(orders), count + 1, 1))
    for place, order in enumerate(orders):
        for step, field in enumerate(order):
            walks[place, step + 1 :, field] = record[field]
    steps = np.diff(predict(walks.reshape(-1, count)).reshape(len(orders), -1), axis=1)
    total = np.zeros(count)
    for order, taken in zip(orders, steps, strict=True):
        total[list(order)] += taken
    return total / len(orders)
