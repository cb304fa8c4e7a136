"""Judges half widths exactly, and intervals by how often hidden outcomes lie in them."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers

ROWS, HIDDEN, TABLES, COLUMNS = 600, 250, 16, 2
# Of the mean coverage of all tables: what luck may do where a quarter of the rows calibrates.
ROOM = 5 * sqrt((1 / (ROWS / 4) + 1 / HIDDEN) / TABLES)
PART_ROOM = 0.11
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make errors, few and many, and tables whose noise is the same and is not."""
    chance = np.random.default_rng([bench.seed, 311])
    return [
        Case("errors of a few rows", (make_errors(chance, (19, 49)), [], 0.9, 0)),
        Case("errors of too few rows", (make_errors(chance, (9, 8)), [], 0.9, 0)),
        make_case("outcomes with the same noise", chance, 0.9, 0.0),
        make_case("some rows are hard, others easy", chance, 0.9, 1.0),
        make_case("eight in ten, hard and easy rows", chance, 0.8, -1.0),
    ]


def make_errors(chance: np.random.Generator, counts: Sequence[int]) -> list[list[float]]:
    """Make absolute errors of several numbers of rows."""
    return [np.abs(chance.normal(0, 5, count)).round(3).tolist() for count in counts]


def make_case(name: str, chance: np.random.Generator, coverage: float, bend: float) -> Case:
    """Make tables; the larger `bend`, the more the noise depends on the second column."""
    tables, truths, hard = [], [], []
    for _ in range(TABLES):
        rows = chance.uniform(-1, 1, (ROWS + HIDDEN, COLUMNS))
        spread = 3.0 * np.exp(1.2 * bend * rows[:, 1])
        y = 30 + 5 * rows[:, 0] + spread * chance.normal(0, 1, len(rows))
        tables.append([rows[:ROWS], y[:ROWS], rows[ROWS:]])
        truths.append(y[ROWS:])
        hard.append(bend * rows[ROWS:, 1] > 0.5 if bend else np.ones(HIDDEN, np.bool_))
    seed = int(chance.integers(1000))
    expected = {"truths": truths, "hard": hard, "is_bent": bool(bend)}
    return Case(name, ([], tables, coverage, seed), expected)


def judge(case: Case, answer: object) -> Failure | None:
    """Look at half widths, or at coverages."""
    answer = plain(answer)
    failure = read_fields(
        answer, ("widths", "low", "high", "most_fitted"), where="What is returned."
    )
    if failure or not isinstance(answer, dict):
        return failure
    errors, tables, coverage, _ = case.arguments
    if errors:
        return judge_widths(errors, answer["widths"], coverage)
    low: list[Array] = []
    high: list[Array] = []
    for found, told in ((low, answer["low"]), (high, answer["high"])):
        for each in told:
            read = read_numbers(
                each, (HIDDEN,), what="one end for each new row", where="`find_intervals`."
            )
            if isinstance(read, Failure):
                return read
            found.append(read)
    is_all = int(answer["most_fitted"]) > 0.9 * len(tables[0][0])
    return judge_coverage(case, np.array(low), np.array(high), is_all=is_all)


def judge_widths(
    errors: Sequence[Sequence[float]], told: Sequence[float | None], coverage: float
) -> Failure | None:
    """Compare half widths with the right rank."""
    for each, found in zip(errors, told, strict=True):
        ordered = sorted(each)
        # Rounded first: 0.9 of 10 must not become a little more than 9.
        rank = ceil(round((len(each) + 1) * coverage, 9))
        right = ordered[rank - 1] if rank <= len(each) else None
        if found is None and right is None:
            continue
        if found is not None and right is not None and abs(found - right) <= 1e-9:
            continue
        if right is None:
            where = (
                f"{len(each)} errors: the next one may well be larger than all of them, more often "
                "than promised. No finite width can promise it: return np.inf."
            )
        else:
            where = (
                f"The next error has a rank among these, too, so it counts for one more: of "
                f"{len(each) + 1} it shall be among the smallest {coverage:.0%}. Take the error of "
                "that rank as it is, rounded up, whatever distribution they have."
            )
        return Failure(
            expected=f"find_half_width of {len(each)} errors = {write(right)}",
            observed=write(found),
            where=where,
        )
    return None


def write(width: float | None) -> str:
    """Write a half width down."""
    return "infinite, or no number" if width is None else f"{width:.4f}"


def judge_coverage(case: Case, low: Array, high: Array, *, is_all: bool) -> Failure | None:
    """Compare how often outcomes lie inside, among all rows and among the hard ones."""
    coverage, right = float(case.arguments[2]), case.expected
    truths, hard = np.array(right["truths"]), np.array(right["hard"])
    inside = (low <= truths) & (truths <= high)
    room = ROOM * sqrt(coverage * (1 - coverage))
    found = float(inside.mean())
    if abs(found - coverage) > room:
        return Failure(
            expected=f"{coverage:.0%} of hidden outcomes inside, up to {room:.1%} by luck",
            observed=f"{found:.1%}",
            where=explain_coverage(found, coverage, is_all=is_all),
        )
    among = float(inside[hard].mean())
    if right["is_bent"] and among < coverage - PART_ROOM:
        return Failure(
            expected=f"about {coverage:.0%} inside among the rows that are hard to predict, too",
            observed=f"{among:.1%} of those, {float(inside[~hard].mean()):.1%} of the others",
            where="This is one width for all: too narrow for hard rows, too wide for easy ones. "
            "Let it grow with the spread that is expected for the row.",
        )
    return None


def explain_coverage(found: float, coverage: float, *, is_all: bool) -> str:
    """Say why intervals may be too narrow or too wide."""
    if found > coverage:
        return (
            "Intervals that are too wide tell too little. Calibrate: take the errors' own quantile "
            "on rows put aside, and no more than that."
        )
    if is_all:
        return (
            "The model was fitted on all rows, and on these it has hardly an error: it knows by "
            "heart what it has seen. Put rows aside that it never sees, and take their errors."
        )
    return (
        "A spread that was learnt keeps no promise by itself. Find on rows put aside, that neither "
        "the middle nor the spread was fitted on, by how much to widen it."
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how often hidden outcomes lay inside, among all rows and among hard ones."""
    right, told = cases[3].expected, plain(answers[3])
    truths = np.array(right["truths"])
    inside = (np.array(told["low"]) <= truths) & (truths <= np.array(told["high"]))
    return {
        "coverage": round(float(inside.mean()), 3),
        "coverage_of_hard_rows": round(float(inside[np.array(right["hard"])].mean()), 3),
    }
