"""Wrong: rows that do not go up are in no fold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def make_folds(
    y: NDArray[np.int64],
    count: int,
    seed: int,
    groups: NDArray[Any] | None = None,
    times: NDArray[np.float64] | None = None,
) -> list[Fold]:
    """Return pairs of places; see the starter."""
    if times is not None:
        return walk_along(times, count)
    chance = np.random.default_rng(seed)
    fold = deal_rows(y, count, chance) if groups is None else deal_groups(groups, count, chance)
    return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(count)]


def deal_rows(
    y: NDArray[np.int64], count: int, chance: np.random.Generator
) -> NDArray[np.intp]:
    """Shuffle the rows of each class, and deal them out like cards, one class after the other."""
    shuffled = chance.permutation(len(y))
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    fold = np.empty(len(y), np.intp)
    size = len(y) // count
    fold[order] = np.minimum(np.arange(len(y)) % count, np.where(np.arange(len(y)) < size * count, count, -1))
    return fold


def deal_groups(
    groups: NDArray[Any], count: int, chance: np.random.Generator
) -> NDArray[np.intp]:
    """Give each group, the largest first, to the fold that has the fewest rows."""
    _names, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = chance.permutation(len(sizes))
    rows = np.zeros(count)
    fold_of = np.empty(len(sizes), np.intp)
    for each in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of[each] = rows.argmin()
        rows[fold_of[each]] += sizes[each]
    return fold_of[group]


def walk_along(times: NDArray[np.float64], count: int) -> list[Fold]:
    """Cut the different times into blocks; each but the first is left out once."""
    different, place = np.unique(times, return_inverse=True)
    block = place * (count + 1) // len(different)
    return [
        (np.flatnonzero(block < each), np.flatnonzero(block == each))
        for each in range(1, count + 1)
    ]
