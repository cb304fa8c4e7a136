"""Judges `is_held_out` by relations between orders, lists, processes, shares, kinds of names."""

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_flags

CUSTOMERS = 1500
# Standard deviations that a fair share may be off: once in a million checks.
TOLERANCE = 4.9
MOVED = "New customers came, and old ones changed sides: decide for each customer alone."
FAIR = "Each customer's side should be a fair draw, with `share` as its chance."


def prepare(bench: Bench) -> list[Case]:
    """Make lists that have customers in common."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    prefix = f"T{chance.randrange(10**6)}"
    names = [f"{prefix}-{number:06d}" for number in range(CUSTOMERS)]
    rows = [name for name in names for _ in range(chance.randrange(1, 6))]
    mixed = chance.sample(rows, len(rows))
    grown = rows + [f"{prefix}-{number:06d}" for number in range(CUSTOMERS, 2 * CUSTOMERS)]
    partner = [f"{prefix}-P{number:05d}" for number in range(0, 50 * CUSTOMERS, 50)]
    return [
        make_case("customers with several rows", [mixed]),
        make_case(
            "the same rows in another order",
            [mixed, sorted(mixed)],
            moved="Is it the place in the list that decides? It should be the customer.",
        ),
        make_case(
            "a list that has grown",
            [names[: CUSTOMERS // 3], names, chance.sample(grown, len(grown))],
            moved=MOVED,
        ),
        make_case(
            "the same customers in another process",
            [names, names],
            moved="Another process says something else: is there something in it that is salted, "
            "or drawn when it starts?",
            elsewhere=True,
        ),
        make_case(
            "half of the customers held out",
            [names],
            0.5,
            fair="Here it is another share than before: is `share` used?",
        ),
        make_case("a twentieth of the customers held out", [names], 0.05),
        make_case(
            "customers of a partner, who counts in steps of fifty",
            [partner],
            fair="The names are not random: this partner counts 00, 50, 00. The share must hold "
            "for names of any kind.",
        ),
    ]


def make_case(
    name: str,
    lists: Sequence[Sequence[str]],
    share: float = 0.2,
    *,
    moved: str = "",
    fair: str = FAIR,
    elsewhere: bool = False,
) -> Case:
    """Make a case of one list or several; the last one is asked in another process if wanted."""
    arguments = ([list(rows) for rows in lists], share, elsewhere)
    return Case(name=name, arguments=arguments, expected={"moved": moved, "fair": fair})


def judge(case: Case, answer: object) -> Failure | None:
    """Look at groups, at sides from list to list, and at the share."""
    lists, share, _ = case.arguments
    before: dict[str, bool] = {}
    if not isinstance(answer, list):
        return Failure(expected="lists", observed=name_type(answer), where="What is returned.")
    for rows, told in zip(lists, answer, strict=True):
        sides = read_sides(rows, told)
        if isinstance(sides, Failure):
            return sides
        shared = [name for name in sides if name in before]
        moved = sum(sides[name] != before[name] for name in shared)
        if moved:
            return Failure(
                expected="everybody on the side where they were before",
                observed=f"{moved} of {len(shared)} customers changed sides",
                where=case.expected["moved"],
            )
        before |= sides
    return judge_share(np.array(list(before.values())), share, case.expected["fair"])


def read_sides(rows: Sequence[str], told: object) -> dict[str, bool] | Failure:
    """Return each customer's side, or what is wrong with the answer."""
    flags = read_flags(
        told,
        len(rows),
        what="True or False for each row",
        where="What `is_held_out` returns: as many as there are rows.",
    )
    if isinstance(flags, Failure):
        return flags
    found: dict[str, set[bool]] = defaultdict(set)
    for name, flag in zip(rows, flags.tolist(), strict=True):
        found[name].add(flag)
    torn = sum(len(each) > 1 for each in found.values())
    if torn:
        return Failure(
            expected="all rows of a customer on one side",
            observed=f"the same customer is on both sides, {torn} times",
            where="Not rows are held out but customers: otherwise the model recognises people.",
        )
    return {name: each.pop() for name, each in found.items()}


def judge_share(sides: np.ndarray, share: float, where: str) -> Failure | None:
    """Return a failure when the share of customers is off by more than chance."""
    deviation = float(np.sqrt(share * (1 - share) / len(sides)))
    found = float(sides.mean())
    if abs(found - share) <= TOLERANCE * deviation:
        return None
    expected = f"about {share:.0%} of the customers held out"
    return Failure(expected=expected, observed=f"{found:.1%}", where=where)
