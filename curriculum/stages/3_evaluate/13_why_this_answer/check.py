"""Judges importances by the mean over all shifts of rows, and contributions by all sets."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers

ROWS, TIMES, OWN_TIMES, FIELDS = 240, 40, 150, 5
NAMES = ("tenure", "fee", "fee with tax", "calls", "age of the record")
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make a model that ignores a telling column, one with twins, and two that are bent."""
    chance = np.random.default_rng([bench.seed, 313])
    singles = [[place] for place in range(FIELDS)]
    weights = chance.uniform(0.8, 1.6, FIELDS)
    ignoring = {"weights": (weights * [1, 1, 0, 1, 0.1]).tolist(), "pairs": [], "steps": []}
    twins = {"weights": (weights * [0.4, 1, 1, 0.4, 0]).tolist(), "pairs": [], "steps": []}
    bent = {
        "weights": (weights * [0.5, 1, 0, 0.5, 0]).tolist(),
        "pairs": [[0, 1, 1.5], [0, 3, -1.0]],
        "steps": [],
    }
    stepped = {
        "weights": (weights * [0, 1, 0, 0, 0]).tolist(),
        "pairs": [[0, 3, 1.2]],
        "steps": [[1, 0.2, 2.0], [3, 0.0, -1.0]],
    }
    return [
        make_case("a model that ignores a telling column", chance, ignoring, singles),
        make_case("two columns that say the same", chance, twins, [*singles, [1, 2]]),
        make_case("fields that need each other", chance, bent, singles),
        make_case("steps, and a field as in the reference", chance, stepped, [[3, 0], [1]], 1),
    ]


def make_case(
    name: str,
    chance: np.random.Generator,
    model: dict[str, Any],
    groups: list[list[int]],
    same: int | None = None,
) -> Case:
    """Make rows, what came true of them, and a record; `same` is as usual in the record."""
    table = chance.normal(0, 1, (ROWS, FIELDS))
    table[:, 2] = table[:, 1] + chance.normal(0, 0.15, ROWS)
    y = ask(model, table) + chance.normal(0, 0.5, ROWS)
    reference = np.round(np.median(table, axis=0), 2)
    signs = chance.choice([-1.0, 1.0], FIELDS)
    record = np.round(reference + signs * chance.uniform(1.0, 2.0, FIELDS), 2)
    if same is not None:
        record[same] = reference[same]
    seed = int(chance.integers(1000))
    arguments = (model, table, y, groups, (TIMES, seed), (record, reference))
    expected = {
        "importances": [weigh(model, table, y, group, chance) for group in groups],
        "contributions": share_out(model, record, reference),
        "meant": [weigh_mean(model, table, y, group) for group in groups],
        "own_ways": [weigh_apart(model, table, y, group, chance) for group in groups],
    }
    return Case(name, arguments, expected)


def ask(model: Mapping[str, Any], table: Array) -> Array:
    """Answer as the driver's model does."""
    answer = table @ np.asarray(model["weights"])
    for one, other, weight in model["pairs"]:
        answer = answer + weight * table[:, one] * table[:, other]
    for place, limit, height in model["steps"]:
        answer = answer + height * (table[:, place] > limit)
    return np.asarray(answer)


def measure_error(model: Mapping[str, Any], table: Array, y: Array) -> float:
    """Return the mean squared error."""
    return float(np.mean((ask(model, table) - y) ** 2))


def weigh(
    model: Mapping[str, Any], table: Array, y: Array, group: list[int], chance: np.random.Generator
) -> tuple[float, float]:
    """Return the increase over all shifts of the rows, and the deviation of single shuffles."""
    before = measure_error(model, table, y)
    total = 0.0
    for shift in range(ROWS):
        moved = table.copy()
        moved[:, group] = np.roll(table[:, group], shift, axis=0)
        total += measure_error(model, moved, y)
    single = []
    for _ in range(OWN_TIMES):
        moved = table.copy()
        moved[:, group] = table[chance.permutation(ROWS)][:, group]
        single.append(measure_error(model, moved, y))
    return total / ROWS - before, float(np.std(single))


def weigh_mean(model: Mapping[str, Any], table: Array, y: Array, group: list[int]) -> float:
    """Return the increase when a group is set to its mean instead."""
    moved = table.copy()
    moved[:, group] = table[:, group].mean(axis=0)
    return measure_error(model, moved, y) - measure_error(model, table, y)


def weigh_apart(
    model: Mapping[str, Any], table: Array, y: Array, group: list[int], chance: np.random.Generator
) -> float:
    """Return the increase when each column of a group is shuffled in its own way."""
    found = []
    for _ in range(TIMES):
        moved = table.copy()
        for place in group:
            moved[:, place] = chance.permutation(moved[:, place])
        found.append(measure_error(model, moved, y))
    return float(np.mean(found)) - measure_error(model, table, y)


def share_out(model: Mapping[str, Any], record: Array, reference: Array) -> list[float]:
    """Return the contributions: over all sets of fields that may be there before a field."""
    found = []
    for field in range(FIELDS):
        others = [each for each in range(FIELDS) if each != field]
        total = 0.0
        for size in range(FIELDS):
            weight = factorial(size) * factorial(FIELDS - size - 1) / factorial(FIELDS)
            for taken in combinations(others, size):
                before = reference.copy()
                before[list(taken)] = record[list(taken)]
                after = before.copy()
                after[field] = record[field]
                low, high = ask(model, np.array([before, after]))
                total += weight * float(high - low)
        found.append(total)
    return found


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the table, then at the importances, then at the contributions."""
    answer = plain(answer)
    names = ("importances", "contributions", "kept")
    failure = read_fields(answer, names, where="What is returned.")
    if failure or not isinstance(answer, dict):
        return failure
    groups = case.arguments[3]
    told = read_numbers(
        answer["importances"],
        (len(groups), 2),
        what="(increase, deviation) for each group",
        where="What `measure_importance` returns.",
    )
    if isinstance(told, Failure):
        return told
    shares = read_numbers(
        answer["contributions"],
        (FIELDS,),
        what="one number for each field",
        where="What `explain` returns.",
    )
    if isinstance(shares, Failure):
        return shares
    return judge_importances(case, told, kept=bool(answer["kept"])) or judge_shares(case, shares)


def judge_importances(case: Case, told: Array, *, kept: bool) -> Failure | None:
    """Compare increases and deviations with what chance leaves room for."""
    right = case.expected
    for place, group in enumerate(case.arguments[3]):
        increase, deviation = right["importances"][place]
        room = 5 * deviation / np.sqrt(TIMES) + 1e-9
        found, spread = (float(each) for each in told[place])
        if abs(found - increase) > room:
            return Failure(
                expected=f"{name_group(group)}: an increase of about {increase:.3f}",
                observed=f"{found:.3f}",
                where=explain_increase(case, place, found, room, kept=kept),
            )
        if not 0.4 * deviation - 1e-9 <= spread <= 2.0 * deviation + 1e-9:
            return Failure(
                expected=f"{name_group(group)}: a deviation of about {deviation:.4f}",
                observed=f"{spread:.4f}",
                where="The deviation is that of the increases of single shuffles: it tells whether "
                "an importance is more than the chance of the shuffling.",
            )
    if not kept:
        return Failure(
            expected="the table as it was given",
            observed="a changed one",
            where="Shuffle in a fresh copy: who asked you needs the table again.",
        )
    return None


def explain_increase(case: Case, place: int, found: float, room: float, *, kept: bool) -> str:
    """Say which well-known mistake an increase looks like."""
    right, (model, table, y, groups, *_) = case.expected, case.arguments
    before = measure_error(model, table, y)
    if not kept:
        return (
            "The columns of earlier groups are still shuffled, so their loss counts again. Take a "
            "fresh copy of the table for each shuffle."
        )
    if abs(found - right["importances"][place][0] - before) <= room:
        return "This is the error after the shuffle. Take away the error of the untouched table."
    if abs(found - right["meant"][place]) <= 1e-6:
        return (
            "One value for all is a row that nobody ever saw, and hides half of the harm. Shuffle "
            "it instead: then each single value is a real one."
        )
    apart = abs(right["own_ways"][place] - right["importances"][place][0])
    if len(groups[place]) > 1 and abs(found - right["own_ways"][place]) < min(2 * room, apart / 2):
        return (
            "The columns of this group were torn apart. Use the same permutation for all columns "
            "of a group, so that what they say of one another stays true."
        )
    return (
        "How much a column tells of the outcome is a fact about the data. You were asked what the "
        "model goes by: shuffle the group's rows, ask the model again, and see how much the mean "
        "squared error grows."
    )


def judge_shares(case: Case, told: Array) -> Failure | None:
    """Compare contributions; first their sum, then each."""
    model, *_, (record, reference) = case.arguments
    right = np.asarray(case.expected["contributions"])
    start, end = ask(model, np.array([reference, record]))
    if abs(told.sum() - (end - start)) > 1e-6:
        return Failure(
            expected=f"contributions that add up to {end - start:.4f}, answer less reference",
            observed=f"a sum of {told.sum():.4f}",
            where="They do not add up. Fields act together: what a field does alone leaves out "
            "what it does with the others. Walk all the way from the reference to the record.",
        )
    for place in range(FIELDS):
        if abs(told[place] - right[place]) <= 1e-6:
            continue
        return Failure(
            expected=f"{NAMES[place]} contributes {right[place]:.4f}",
            observed=f"{told[place]:.4f}",
            where="They add up, but who comes first takes what two fields do together: what you "
            "give depends on the order. Take the mean over all orders.",
        )
    return None


def name_group(group: Sequence[int]) -> str:
    """Name the columns of a group."""
    return " and ".join(NAMES[place] for place in group)


def measure(_cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how much of the twins' importance one of them alone shows."""
    found = plain(answers[1])["importances"]
    return {"one_twin_of_both": round(float(found[1][0] / found[5][0]), 2)}
