"""Judges a choice by one standard error: on runs in which it is easy, close, and hopeless."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields

BASELINE = "baseline"
WHERE = "What `choose` returns."
# Names and numbers of parameters, as in a run of the system and some more.
SIZES = {"baseline": 1, "linear": 34, "neural": 1_121, "boosting": 2_400, "forest": 51_200}


def prepare(bench: Bench) -> list[Case]:
    """Make runs: each is a list of mean losses and how far the folds lie apart."""
    chance = np.random.default_rng([bench.seed, 208])
    mean = float(chance.uniform(0.14, 0.18))
    apart = float(chance.uniform(0.008, 0.012))  # of single folds
    error = apart / math.sqrt(5)

    def make(name: str, distances: Mapping[str, float | None], folds: int = 5) -> Case:
        """Place candidates at distances from the best, counted in its standard errors."""
        pattern = make_pattern(chance, folds)
        made: list[dict[str, Any]] = []
        for candidate, distance in distances.items():
            losses = None
            if distance is not None:
                # All have the same hard and easy folds.
                losses = (mean + distance * error + apart * pattern).tolist()
            size = int(SIZES[candidate] * chance.uniform(0.9, 1.1)) + 1
            made.append({"name": candidate, "parameters": size, "fold_losses": losses})
        order = chance.permutation(len(made))
        if made[order[0]]["name"] == "linear":
            order = order[::-1]
        return Case(name, ([made[place] for place in order],))

    return [
        make(
            "a close run",
            {"baseline": 20, "linear": 0.7, "neural": 0.4, "boosting": 0, "forest": 0.3},
        ),
        make(
            "a run in which the simple one is worse",
            {"baseline": 20, "linear": 1.6, "neural": 0.95, "boosting": 0, "forest": 0.5},
        ),
        make(
            "a run in which one could not be fitted",
            {"baseline": 9, "linear": None, "neural": 2.5, "boosting": 0.4, "forest": 0},
        ),
        make(
            "a run in which hardly anything is known", {"baseline": 0.5, "linear": 0, "forest": 3}
        ),
        make("a run in which nothing is known", {"baseline": 0, "linear": 0.3, "forest": 2}),
        make("a run with two that are equal", {"baseline": 9, "linear": 0, "boosting": 0}),
        make("a run with a single fold", {"baseline": 9, "linear": 0.1, "boosting": 0}, folds=1),
    ]


def make_pattern(chance: np.random.Generator, folds: int) -> Any:  # noqa: ANN401
    """Return numbers with mean 0 and a spread of 1, with k - 1 below."""
    if folds == 1:
        return np.zeros(1)
    pattern = chance.standard_normal(folds)
    return (pattern - pattern.mean()) / pattern.std(ddof=1)


def judge(case: Case, answer: object) -> Failure | None:
    """Compare in the order of the docstring."""
    candidates: list[dict[str, Any]] = case.arguments[0]
    answer = plain(answer)
    failure = read_fields(answer, ("best", "limit", "simplest", "given_up"), where=WHERE)
    if failure or not isinstance(answer, dict):
        return failure
    right = choose(candidates)
    means = {each["name"]: mean_of(each) for each in candidates if each["fold_losses"]}
    if answer["best"] != right["best"]:
        return Failure(
            expected=f"best = {right['best']!r}, with a mean loss of {means[right['best']]:.5f}",
            observed=repr(answer["best"]),
            where="The lowest mean over the folds, among those that could be fitted; of equal ones "
            "the simpler.",
        )
    return (
        judge_limit(answer["limit"], right, candidates)
        or judge_simplest(answer["simplest"], right, candidates)
        or judge_given_up(answer["given_up"], right["given_up"])
    )


def judge_limit(
    told: object, right: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]
) -> Failure | None:
    """Compare the limit, and recognise the usual ways to miss it."""
    if is_close(told, right["limit"]):
        return None
    losses = next(each["fold_losses"] for each in candidates if each["name"] == right["best"])
    mean, count = float(np.mean(losses)), len(losses)
    where = "The mean of the best, and one standard error of that mean."
    if is_close(told, mean):
        where = (
            "Another seed for the folds, another mean: a candidate a hair above the best is within "
            "its luck. How far is a mean of so many folds usually off?"
        )
    elif count > 1 and is_close(told, mean + float(np.std(losses, ddof=1))):
        where = (
            "That is the spread of single folds. Their mean is steadier: errors of several throws "
            "partly cancel out, by the square root of how many there are."
        )
    elif count > 1 and is_close(told, mean + float(np.std(losses)) / math.sqrt(count)):
        where = (
            "Around a mean taken from the same few numbers they lie closer than around the true "
            "one: divide the squares by k - 1, not by k."
        )
    return Failure(
        expected=f"limit = {right['limit']:.6f}", observed=f"limit = {show(told)}", where=where
    )


def judge_simplest(
    told: object, right: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]
) -> Failure | None:
    """Compare the simplest that will do."""
    if told == right["simplest"]:
        return None
    by_name = {each["name"]: each for each in candidates}
    if told == BASELINE:
        where = (
            "The baseline looks at nothing. That it is within one standard error says that little "
            "is known yet, not that nobody need look. It is the answer only if it is the best."
        )
    elif told in by_name and by_name[told]["fold_losses"] is None:
        where = "This one could not be fitted."
    elif told in by_name and mean_of(by_name[told]) <= right["limit"]:
        where = (
            "It is good enough, and a simpler one is, too. Simple is what has few parameters; the "
            "order of the list says nothing."
        )
    else:
        where = "Simple, but above the limit: what it costs is more than luck."
    return Failure(expected=f"simplest = {right['simplest']!r}", observed=repr(told), where=where)


def judge_given_up(told: object, right: float) -> Failure | None:
    """Compare what the simple one costs."""
    if is_close(told, right):
        return None
    return Failure(
        expected=f"given_up = {right:.6f}",
        observed=f"given_up = {show(told)}",
        where="Whoever prefers the simple one is told what it costs: the difference of two means.",
    )


def choose(candidates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Work the right answer out."""
    fitted = sorted(
        (each for each in candidates if each["fold_losses"]), key=lambda each: each["parameters"]
    )
    best = min(fitted, key=mean_of)
    losses = best["fold_losses"]
    error = float(np.std(losses, ddof=1)) / math.sqrt(len(losses)) if len(losses) > 1 else 0.0
    limit = mean_of(best) + error
    simplest = next(
        each
        for each in fitted
        if mean_of(each) <= limit and (each["name"] != BASELINE or each is best)
    )
    return {
        "best": best["name"],
        "limit": limit,
        "simplest": simplest["name"],
        "given_up": mean_of(simplest) - mean_of(best),
    }


def mean_of(candidate: Mapping[str, Any]) -> float:
    """Return the mean loss, rounded so that the order of adding up makes no difference."""
    return round(math.fsum(candidate["fold_losses"]) / len(candidate["fold_losses"]), 12)


def is_close(told: object, right: float) -> bool:
    """Say whether a number is the right one."""
    return (
        isinstance(told, int | float)
        and not isinstance(told, bool)
        and math.isclose(told, right, rel_tol=1e-6, abs_tol=1e-9)
    )


def show(told: object) -> str:
    """Write a number down for a message."""
    return f"{told:.6f}" if isinstance(told, int | float) else repr(told)
