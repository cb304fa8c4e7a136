"""Judges a search by how good its choice really is, in many worlds, for what it was given."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type

SPACE: dict[str, list[Any]] = {
    "learning_rate": ["log", 0.001, 1.0],
    "l2_regularization": ["log", 0.0001, 100.0],
    "max_leaf_nodes": ["log", 2.0, 256.0],
    "min_samples_leaf": ["log", 1.0, 500.0],
    "max_features": ["linear", 0.1, 1.0],
    "dropout": ["linear", 0.0, 0.9],
}
POOL = 600
NOISE = 0.004
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make worlds in which two of six knobs matter; nobody knows which."""
    chance = np.random.default_rng([bench.seed, 207])
    return [
        # Random search in full gets to 0.04, a grid to 0.2.
        make_case("a budget of 27 full fits", chance, worlds=32, budget=27.0, limit=0.10),
        # Halving gets to 0.054, random search in full to 0.11.
        make_case("a budget of nine full fits", chance, worlds=128, budget=9.0, limit=0.078),
    ]


def make_case(
    name: str, chance: np.random.Generator, *, worlds: int, budget: float, limit: float
) -> Case:
    """Make the worlds, and what settings drawn at random reach in each."""
    made, pools = [], []
    for _ in range(worlds):
        weights = chance.uniform(0.0, 0.01, len(SPACE))
        weights[chance.choice(len(SPACE), 2, replace=False)] = chance.uniform(0.12, 0.24, 2)
        best = chance.uniform(0.05, 0.95, len(SPACE))
        made.append(
            {
                "weights": weights.tolist(),
                "best": best.tolist(),
                "floor": float(chance.uniform(0.1, 0.2)),
                "seed": int(chance.integers(2**31)),
            }
        )
        pools.append(((chance.random((POOL, len(SPACE))) - best) ** 2) @ weights)
    return Case(name, (SPACE, made, budget, NOISE), (pools, limit))


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the bill, at what was chosen, then at how good it is."""
    _space, worlds, budget, _noise = case.arguments
    pools, limit = case.expected
    if not isinstance(answer, list) or len(answer) != len(worlds):
        return Failure(
            expected="an answer for each world",
            observed=name_type(answer),
            where="What `tune` returns.",
        )
    better = []
    for each, world, pool in zip(answer, worlds, pools, strict=True):
        spent = float(np.sum(each["shares"]))
        if spent > budget + 1e-6:
            return Failure(
                expected=f"at most {budget:g} spent",
                observed=f"{spent:.2f} spent, in {len(each['shares'])} calls",
                where="Add up what the rounds cost before you begin: the number of settings "
                "follows from the budget, not the other way round.",
            )
        chosen = read_chosen(each["chosen"])
        if isinstance(chosen, Failure):
            return chosen
        loss = ((to_places(chosen) - world["best"]) ** 2) @ np.array(world["weights"])
        better.append(float(np.mean(pool < loss)))
    reached = float(np.mean(better))
    if reached <= limit:
        return None
    return Failure(
        expected=f"a choice that at most {limit:.1%} of all settings beat, on average over "
        f"{len(worlds)} worlds",
        observed=f"{reached:.1%} beat it",
        where=diagnose(answer),
    )


def read_chosen(told: object) -> Array | Failure:
    """Return the settings in the order of the space, or what is wrong with them."""
    where = "What `tune` returns: a dict with a number for each knob."
    if not isinstance(told, dict) or set(told) != set(SPACE):
        observed = "other names" if isinstance(told, dict) else name_type(told)
        return Failure(expected=f"settings for {', '.join(SPACE)}", observed=observed, where=where)
    values = [told[name] for name in SPACE]
    for value, (name, (_kind, low, high)) in zip(values, SPACE.items(), strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Failure(expected=f"a number for {name}", observed=name_type(value), where=where)
        if not low - 1e-9 <= value <= high + 1e-9:
            return Failure(
                expected=f"{name} from {low:g} to {high:g}", observed=f"{value:g}", where=where
            )
    return np.array(values, dtype=np.float64)


def to_places(values: Array) -> Array:
    """Return where numbers lie between low and high, on the scale of their knob, from 0 to 1."""
    places = []
    for value, (kind, low, high) in zip(values.T, SPACE.values(), strict=True):
        if kind == "log":
            places.append(np.log(np.maximum(value, 1e-300) / low) / np.log(high / low))
        else:
            places.append((value - low) / (high - low))
    return np.array(places).T


def diagnose(answer: Sequence[Mapping[str, Any]]) -> str:
    """Say what the search did with its budget."""
    tried = [each["tried"] for each in answer if len(each["tried"])]
    if not tried:
        return "`evaluate` was never called: nothing was learned about anything."
    different = min(
        float(np.mean([len(np.unique(np.round(rows[:, knob], 9))) for rows in tried]))
        for knob in range(len(SPACE))
    )
    if different < 6:
        return (
            f"There is a knob of which only {different:.0f} different values were tried. You do "
            "not know which knobs matter: try as many different values of each knob as you make "
            "calls."
        )
    places = to_places(np.concatenate(tried))[:, [0, 1, 2, 3]]
    if float(np.mean(places > 0.7)) > 0.6:
        return (
            "Of the knobs of kind 'log', the values tried are nearly all in the topmost tenth: "
            "drawn evenly between 0.001 and 1, nine of ten are above 0.1. Draw the exponent evenly."
        )
    if all(float(each["shares"].min()) > 0.9 for each in answer):
        return (
            "You paid the full price for all of them, the hopeless ones too. A look at a part of "
            "the rows is cheap, and tells who is hopeless."
        )
    return (
        "Many settings briefly, the better ones longer, the last few in full. A loss on few rows "
        "is unsure: do not let it choose the winner, only those who go on."
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how many settings were looked at for the price of nine."""
    last: Any = answers[-1]
    looked = [len(np.unique(each["tried"], axis=0)) for each in last]
    return {"settings_for_nine_fits": float(np.mean(looked))} if cases else {}
