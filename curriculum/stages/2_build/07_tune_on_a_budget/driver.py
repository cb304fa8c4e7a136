"""Lets the learner tune simulated models, notes what was tried, and counts what it cost."""

import math
from types import ModuleType
from typing import Any

import numpy as np


def drive(
    learner: ModuleType,
    space: dict[str, list[Any]],
    worlds: list[dict[str, Any]],
    budget: float,
    noise: float,
) -> list[dict[str, object]]:
    """Return for each world what was chosen, what was tried, and what was spent."""
    found = []
    for world in worlds:
        chance = np.random.default_rng(world["seed"])
        tried: list[list[float]] = []
        shares: list[float] = []

        def evaluate(
            settings: dict[str, float],
            share: float,
            world: dict[str, Any] = world,
            chance: np.random.Generator = chance,
            tried: list[list[float]] = tried,
            shares: list[float] = shares,
        ) -> float:
            share = float(share)
            if not 0 < share <= 1:
                raise ValueError(f"share must be above 0 and at most 1, not {share}")
            tried.append([float(settings[name]) for name in space])
            shares.append(share)
            loss = world["floor"]
            for value, (kind, low, high), weight, best in zip(
                tried[-1], space.values(), world["weights"], world["best"], strict=True
            ):
                place = (
                    math.log(max(value, 1e-300) / low) / math.log(high / low)
                    if kind == "log"
                    else (value - low) / (high - low)
                )
                loss += weight * (place - best) ** 2
            return float(loss + noise * chance.standard_normal() / math.sqrt(share))

        chosen = learner.tune(
            {name: list(knob) for name, knob in space.items()}, evaluate, budget, world["seed"]
        )
        found.append({"chosen": chosen, "tried": np.array(tried), "shares": np.array(shares)})
    return found
