"""Judges segments by the groups that the customers were made from, which no column names."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, homogeneity_completeness_v_measure

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_numbers
from curriculum.material.segments import segments

ROWS, LATER, ALONE = 210, 60, 6
AGREE = 0.9
Labels = NDArray[np.int64]


def prepare(bench: Bench) -> list[Case]:
    """Make three companies, with two, three and four kinds of customers."""
    chance = np.random.default_rng([bench.seed, 11])
    # Three comes last or second: whoever always says three is seen.
    first, last = chance.permutation([2, 4]).tolist()
    return [
        make_case("customers with a column of days", bench.seed, first, days=True),
        make_case("another company's customers", bench.seed + 1, 3),
        make_case("a third company, which counts in cents", bench.seed + 2, last, cents=True),
    ]


def make_case(
    name: str, seed: int, groups: int, *, days: bool = False, cents: bool = False
) -> Case:
    """Make customers of one month, and later ones."""
    chance = np.random.default_rng([seed, 12])
    made = segments(ROWS + LATER, seed=seed, groups=groups)
    X = made.X
    if days:
        X = X.assign(days_since_signup=chance.integers(0, 3000, len(X)).astype(np.float64))
    if cents:
        X = X.assign(monthly_bill=(100 * X["monthly_bill"]).round())
    now, later = X.iloc[:ROWS], X.iloc[ROWS:].reset_index(drop=True)
    return Case(
        name=name,
        arguments=(now, later, ALONE, int(chance.integers(10**6))),
        expected={"group": made.group[:ROWS], "later": made.group[ROWS:], "days": days},
    )


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the groups, at their number, at later customers, and at the mean customers."""
    told: dict[str, Any] = answer if isinstance(answer, dict) else {}
    found = read_segments(told.get("segments"), ROWS)
    if isinstance(found, Failure):
        return found
    later = read_segments(told.get("later"), LATER)
    if isinstance(later, Failure):
        return later
    return (
        judge_groups(case, found)
        or judge_later(case, later, told.get("alone"))
        or judge_described(case, found, told.get("described"))
    )


def read_segments(told: object, rows: int) -> Labels | Failure:
    """Return one whole number for each customer, or what is wrong."""
    found = read_numbers(
        told, (rows,), what="one segment for each customer", where="What `assign` returns."
    )
    if isinstance(found, Failure):
        return found
    if (found < 0).any() or (found % 1 != 0).any():
        return Failure(
            expected="segments 0, 1, 2, …", observed="other numbers", where="What `assign` returns."
        )
    return found.astype(np.int64)


def judge_groups(case: Case, found: Labels) -> Failure | None:
    """Compare with the groups that the customers were made from."""
    group = case.expected["group"]
    count, right = len(set(found.tolist())), len(set(group.tolist()))
    agreement = adjusted_rand_score(group, found)
    pure, whole, _ = homogeneity_completeness_v_measure(group, found)
    expected = f"{right} segments, which are the groups that these customers were made from"
    observed = f"{count} segments; agreement with those groups {agreement:.2f} of 1"
    where = "`fit`: k-means ends where it began badly. Let it begin several times."
    if max(pure, whole) < 0.5:
        where = (
            "As it is, the column with the largest numbers decides who is near whom. "
            "Days go to 3,000, shares to 1."
        )
    elif count >= right + 2:
        where = (
            "`fit`: how is the number of segments chosen? More centres are always tighter, up "
            "to one for each customer. Ask how much nearer a row is to its own than to the next."
        )
    elif count != right:
        where = (
            "`fit`: the number of segments comes from the customers, not because somebody likes "
            "the number. Try several, and compare."
        )
    elif agreement >= AGREE:
        return None
    return Failure(expected=expected, observed=observed, where=where)


def judge_later(case: Case, later: Labels, alone: object) -> Failure | None:
    """Ask whether later customers are where they belong, together and alone."""
    told = [read_segments(each, 1) for each in (alone if isinstance(alone, list) else [])]
    moved = sum(isinstance(one, Failure) or one[0] != later[row] for row, one in enumerate(told))
    agreement = adjusted_rand_score(case.expected["later"], later)
    if moved or len(told) < ALONE:
        return Failure(
            expected="a later customer in the same segment, whoever else is asked about",
            observed=f"{moved} of {ALONE}: alone they are in another segment than among others",
            where="`assign`: the scale is learned in `fit`, once. One row has no width.",
        )
    if agreement < 0.8:
        return Failure(
            expected="later customers of a group in that group's segment",
            observed=f"agreement {agreement:.2f} of 1",
            where="`assign` for customers who were not there before.",
        )
    return None


def judge_described(case: Case, found: Labels, told: object) -> Failure | None:
    """Compare the mean customers with the means of each segment's own rows."""
    X: Any = case.arguments[0]
    right = X.groupby(found).mean().to_numpy()
    where = "`describe`: a segment's mean customer in the units of the table: euros, hours, shares."
    means = read_numbers(told, right.shape, what="one row for each segment", where=where)
    if isinstance(means, Failure):
        return means
    # A centre may be that of the step before the last.
    off = np.abs(means - right) / X.std().to_numpy()
    if off.max() < 0.05:
        return None
    segment, column = np.unravel_index(off.argmax(), off.shape)
    return Failure(
        expected=f"{X.columns[int(column)]} of segment {segment}: {right[segment, column]:.2f}",
        observed=f"{means[segment, column]:.2f}",
        where=where,
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the worst agreement with the groups."""
    found: list[Any] = list(answers)
    each = [
        adjusted_rand_score(case.expected["group"], np.asarray(told["segments"]).ravel())
        for case, told in zip(cases, found, strict=True)
    ]
    return {"worst_agreement": round(float(min(each)), 4)}
