"""Judges folds by what must hold of them: without anything, with groups, with times."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields
from curriculum.material.churn import churn

Places = NDArray[np.intp]
Folds = list[tuple[Places, Places]]
WHERE = "What `make_folds` returns: a list of pairs (fitted, left_out)."


def prepare(bench: Bench) -> list[Case]:
    """Make customers sorted by class, a rare class, customers with many rows, and days."""
    chance = np.random.default_rng([bench.seed, 206])
    made = churn(203, seed=bench.seed)
    rare = np.zeros(207, np.int64)
    rare[chance.choice(207, 11, replace=False)] = 1
    # A few customers have many rows, most have one or two.
    sizes = np.concatenate([[25, 18, 12], chance.integers(1, 4, 60)])
    groups = chance.permutation(np.repeat(np.arange(len(sizes)) * 7 + 100, sizes))
    days = chance.permutation(np.repeat(np.arange(60), chance.integers(1, 9, 60))).astype(float)
    return [
        make_case("customers, those who stayed first", np.sort(made.y), 5, bench.seed),
        make_case("a rare class, and a number that does not go up", rare, 10, bench.seed),
        make_case(
            "several rows for each customer",
            chance.integers(0, 2, len(groups)),
            5,
            bench.seed,
            groups=groups,
        ),
        make_case(
            "rows of sixty days, not in order",
            chance.integers(0, 2, len(days)),
            5,
            bench.seed,
            times=days * 86_400.0,
        ),
    ]


def make_case(
    name: str,
    y: NDArray[np.int64],
    count: int,
    seed: int,
    *,
    groups: NDArray[Any] | None = None,
    times: NDArray[np.float64] | None = None,
) -> Case:
    """Put the arguments together."""
    return Case(name, (y, count, seed % 2**31, groups, times))


def judge(case: Case, answer: object) -> Failure | None:
    """Read the folds, then ask for what must hold."""
    y, count, _seed, groups, times = case.arguments
    failure = read_fields(answer, ("folds", "again", "other"), where=WHERE)
    if failure or not isinstance(answer, dict):
        return failure
    found: dict[str, Folds] = {}
    for name in ("folds", "again", "other"):
        folds = read_folds(answer[name], len(y), count)
        if isinstance(folds, Failure):
            return folds
        found[name] = folds
    folds = found["folds"]
    if times is not None:
        return judge_times(folds, times)
    failure = judge_once(folds, len(y))
    if failure:
        return failure
    failure = judge_classes(folds, y) if groups is None else judge_groups(folds, groups)
    return failure or judge_seeds(found)


def read_folds(told: object, rows: int, count: int) -> Folds | Failure:
    """Return pairs of places, or what is wrong with them."""
    if not isinstance(told, list) or len(told) != count:
        observed = f"{len(told)}" if isinstance(told, list) else name_type(told)
        return Failure(expected=f"{count} pairs", observed=observed, where=WHERE)
    folds: Folds = []
    for pair in told:
        sides = [np.asarray(side) for side in pair] if isinstance(pair, list) else []
        if len(sides) != 2 or any(side.ndim != 1 for side in sides):
            return Failure(expected="pairs of two arrays", observed=name_type(pair), where=WHERE)
        if any(side.size == 0 for side in sides):
            return Failure(
                expected="rows on both sides of each pair", observed="an empty side", where=WHERE
            )
        if any(
            side.dtype.kind not in "iu" or side.max() >= rows or side.min() < 0 for side in sides
        ):
            return Failure(
                expected=f"whole numbers from 0 to {rows - 1}", observed="other values", where=WHERE
            )
        fitted, left_out = (side.astype(np.intp) for side in sides)
        both = np.intersect1d(fitted, left_out)
        if len(both):
            return Failure(
                expected="no row on both sides of a pair",
                observed=f"row {both[0]} is fitted and left out in the same fold",
                where="A row that was learned from cannot judge.",
            )
        folds.append((fitted, left_out))
    return folds


def judge_once(folds: Folds, rows: int) -> Failure | None:
    """Return a failure when a row is left out never or twice, or is not fitted elsewhere."""
    times_out = np.bincount(np.concatenate([out for _fitted, out in folds]), minlength=rows)
    wrong = np.flatnonzero(times_out != 1)
    if len(wrong):
        return Failure(
            expected="every row is left out exactly once",
            observed=f"row {wrong[0]}: {times_out[wrong[0]]} times; so with {len(wrong)} rows",
            where="Every row is to judge, and to count the same. What about those that are left "
            "when the number of rows does not go up in the number of folds?",
        )
    for place, (fitted, out) in enumerate(folds):
        if len(np.unique(fitted)) != rows - len(out) or len(fitted) != rows - len(out):
            return Failure(
                expected=f"fold {place}: the other {rows - len(out)} rows are fitted, once each",
                observed=f"{len(np.unique(fitted))} rows are",
                where="What is not left out is there to be learned from.",
            )
    return None


def judge_classes(folds: Folds, y: NDArray[np.int64]) -> Failure | None:
    """Return a failure when folds, or classes in them, are uneven."""
    for name in np.unique(y).tolist():
        counts = [int((y[out] == name).sum()) for _fitted, out in folds]
        if max(counts) - min(counts) <= 1:
            continue
        if max(counts) == min((y == name).sum(), max(len(out) for _fitted, out in folds)):
            where = (
                "The file has rows of one class after the other, as many files have. Blocks of it "
                "are exams in which only one question is asked."
            )
        else:
            where = (
                "Shuffling spreads a class evenly by luck only, and for a rare one luck is bad. "
                "Deal each class out by itself."
            )
        return Failure(
            expected=f"about {np.mean(counts):.1f} rows of class {name} in each fold",
            observed=f"from {min(counts)} to {max(counts)}",
            where=where,
        )
    sizes = [len(out) for _fitted, out in folds]
    if max(sizes) - min(sizes) <= 1:
        return None
    return Failure(
        expected="folds that differ by one row at most",
        observed=f"from {min(sizes)} to {max(sizes)} rows",
        where="If each class begins with fold 0 again, the first folds get the rest of all of "
        "them.",
    )


def judge_groups(folds: Folds, groups: NDArray[Any]) -> Failure | None:
    """Return a failure when a customer is on both sides, or a fold is too large."""
    for place, (fitted, out) in enumerate(folds):
        both = np.intersect1d(groups[fitted], groups[out])
        if len(both):
            return Failure(
                expected="no customer on both sides of a pair",
                observed=f"fold {place}: {len(both)} customers are, one of them is {both[0]}",
                where="A model that has met somebody's other rows recognises her. In production it "
                "will meet strangers.",
            )
    largest = int(np.unique(groups, return_counts=True)[1].max())
    most = len(groups) / len(folds) + largest
    sizes = [len(out) for _fitted, out in folds]
    if max(sizes) <= most:
        return None
    return Failure(
        expected=f"{most:.0f} rows at most in a fold",
        observed=f"{max(sizes)} in one, {min(sizes)} in another",
        where="Groups have different sizes: where does the next one go, and which one comes first?",
    )


def judge_times(folds: Folds, times: NDArray[np.float64]) -> Failure | None:
    """Return a failure when something is learned from later rows, or rows are forgotten."""
    different = np.unique(times)
    seen = np.zeros(len(times), int)
    before: Places = np.empty(0, np.intp)
    for place, (fitted, out) in enumerate(folds):
        if times[fitted].max() >= times[out].min():
            begin = times[out].min()
            same_day = bool((times[fitted] <= begin).all())
            return Failure(
                expected=f"fold {place}: all fitted rows are earlier than all rows left out",
                observed=f"{int((times[fitted] >= begin).sum())} are not",
                where="A day lies on both sides: its rows share the weather, the prices, the "
                "campaign. Cut the days, not the rows."
                if same_day
                else "On the day of the question these rows have not happened yet. Learn only from "
                "what was before.",
            )
        if not np.isin(before, fitted).all():
            return Failure(
                expected=f"fold {place}: what was left out before is fitted now",
                observed="some of it is not",
                where="As time goes on, more is known. Nothing that was known is thrown away.",
            )
        seen[out] += 1
        before = np.concatenate([before, out])
    first = folds[0][0]
    wrong = np.flatnonzero(seen + np.isin(np.arange(len(times)), first) != 1)
    if len(wrong):
        return Failure(
            expected="all rows but the first block are left out exactly once",
            observed=f"{len(wrong)} rows are not",
            where="Block 0 is only learned from; every later block judges once, also the last one.",
        )
    share = len(different) / (len(folds) + 1)
    counts = [len(np.unique(times[rows])) for rows in (first, *(out for _fitted, out in folds))]
    if max(counts) > share + 2 or min(counts) < share - 2:
        return Failure(
            expected=f"about {share:.0f} days in each block",
            observed=f"from {min(counts)} to {max(counts)}",
            where="There is one block more than there are folds: nobody is asked about the first.",
        )
    return None


def judge_seeds(found: dict[str, Folds]) -> Failure | None:
    """Return a failure when one seed gives two answers, or two seeds one."""
    of = {name: [set(out.tolist()) for _fitted, out in folds] for name, folds in found.items()}
    if of["folds"] != of["again"]:
        return Failure(
            expected="the same folds from the same seed",
            observed="others at the second call",
            where="Two candidates are compared fairly on the same exam alone. Is there chance that "
            "the seed has no hand in?",
        )
    if of["folds"] == of["other"]:
        return Failure(
            expected="other folds from another seed",
            observed="the same ones",
            where="With another seed the rows are dealt out in another way: so it can be seen how "
            "much of a score is the luck of the exam.",
        )
    return None
