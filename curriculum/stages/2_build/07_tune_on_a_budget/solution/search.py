"""Find good settings, and do not spend more than there is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

ROUNDS = 3
FACTOR = 3
Settings = dict[str, float]


def tune(
    space: Mapping[str, Sequence[Any]],
    evaluate: Callable[[Settings, float], float],
    budget: float,
    seed: int,
) -> Settings:
    """Search by successive halving: many briefly, the better third of them longer."""
    chance = np.random.default_rng(seed)
    # Each round costs the same: a third of the rows less, three times as many settings.
    share = FACTOR ** -(ROUNDS - 1)
    count = int(budget / ROUNDS / share + 1e-9)
    rivals = [draw(space, chance) for _ in range(count)]
    for _ in range(ROUNDS):
        losses = [evaluate(settings, min(share, 1.0)) for settings in rivals]
        order = np.argsort(losses)
        rivals = [rivals[place] for place in order[: max(1, len(rivals) // FACTOR)]]
        share *= FACTOR
    return rivals[0]


def draw(space: Mapping[str, Sequence[Any]], chance: np.random.Generator) -> Settings:
    """Draw every knob, evenly on its own scale."""
    settings = {}
    for name, (kind, low, high) in space.items():
        if kind == "log":
            settings[name] = float(np.exp(chance.uniform(np.log(low), np.log(high))))
        else:
            settings[name] = float(chance.uniform(low, high))
        settings[name] = min(max(settings[name], low), high)
    return settings
