"""Recommendations: who played what, made from tastes that nobody sees and from popularity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Plays:
    """What `u` users did with `i` items.

    Attributes
    ----------
    seen : bool array of shape (u, i)
        What was played until now.
    later : bool array of shape (u, i)
        What will be played next; nothing of it is in `seen`. Every user has at least one.
    affinity : float array of shape (u, i)
        How much each would like each, which nobody has in real life.
    """

    seen: NDArray[np.bool_]
    later: NDArray[np.bool_]
    affinity: NDArray[np.float64]


def plays(users: int = 300, items: int = 80, *, seed: int, tastes: int = 4) -> Plays:
    """Let users play items; a few items are played by many, most by few."""
    chance = np.random.default_rng([seed, 19])
    # Each user likes one kind of item above all, and each item is of one kind above all.
    likes = chance.dirichlet(np.full(tastes, 0.3), users)
    kinds = chance.dirichlet(np.full(tastes, 0.3), items)
    popularity = chance.permutation(-0.9 * np.log(np.arange(1, items + 1)))
    affinity = 5.0 * likes @ kinds.T + popularity[None, :]
    # The largest of affinity plus Gumbel noise are a draw without replacement.
    ranked = np.argsort(-(affinity + chance.gumbel(size=affinity.shape)), axis=1)
    seen, later = np.zeros(affinity.shape, bool), np.zeros(affinity.shape, bool)
    for user, counts in enumerate(
        zip(chance.integers(5, 15, users), chance.integers(2, 5, users), strict=True)
    ):
        seen[user, ranked[user, : counts[0]]] = True
        later[user, ranked[user, counts[0] : sum(counts)]] = True
    return Plays(seen, later, affinity)
