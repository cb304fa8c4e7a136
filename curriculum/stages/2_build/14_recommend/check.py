"""Judges recommendations by what each user played later, against what everybody gets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_numbers
from curriculum.material.plays import plays

USERS, ITEMS, N = 500, 80, 10
TIMES = 1.04
NOTICEABLY = 1.05
Flags = NDArray[np.bool_]
Lists = NDArray[np.int64]


def prepare(bench: Bench) -> list[Case]:
    """Let users play; then come some who have played nothing, and films that nobody knows."""
    first = plays(USERS, ITEMS, seed=bench.seed)
    second = plays(USERS, ITEMS, seed=bench.seed + 1)
    fresh = np.zeros((25, ITEMS), bool)
    seen = np.vstack([second.seen, fresh])
    unknown = np.hstack([seen, np.zeros((len(seen), 3), bool)])
    return [
        Case("500 users", (first.seen, N), first.later),
        Case("newcomers, and three films that nobody knows", (unknown, N), second.later),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the lists, then at what was played later, then at newcomers."""
    seen, n = case.arguments
    found = read_numbers(answer, (len(seen), n), what="n items for each user", where="`recommend`.")
    if isinstance(found, Failure):
        return found
    if (found % 1 != 0).any() or (found < 0).any() or (found >= seen.shape[1]).any():
        return Failure(
            expected=f"items from 0 to {seen.shape[1] - 1}",
            observed="other numbers",
            where="`recommend` returns the places of items, the columns of `seen`.",
        )
    lists = found.astype(np.int64)
    return judge_lists(seen, lists) or judge_gain(case, lists) or judge_newcomers(case, lists)


def judge_lists(seen: Flags, lists: Lists) -> Failure | None:
    """Look for what has been played already, and for repetitions."""
    known = np.take_along_axis(seen, lists, axis=1)
    if known.any():
        return Failure(
            expected="only items that the user has not played",
            observed=f"{known.sum()} of {lists.size} recommendations: they have played it already",
            where="What somebody has played is most like what they have played. Rule it out first.",
        )
    twice = sum(len(set(row)) < len(row) for row in lists.tolist())
    if twice:
        return Failure(
            expected="each item once in a list",
            observed=f"{twice} lists with an item twice",
            where="`recommend`: sort the items' scores, and take n of them.",
        )
    return None


def judge_gain(case: Case, lists: Lists) -> Failure | None:
    """Compare what the lists gain with what everybody's list gains."""
    later: Flags = case.expected
    seen: Flags = case.arguments[0][: len(later), : later.shape[1]]
    n = lists.shape[1]
    popularity = seen.sum(axis=0)
    own = lists[: len(later)]
    gain = measure_gain(own, later)
    usual = measure_gain(rank(popularity, seen, n), later)
    counted = measure_gain(rank(count_together(seen), seen, n), later)
    other_way = measure_gain(own[:, ::-1], later)
    if other_way > NOTICEABLY * gain:
        return Failure(
            expected="the best item first: nobody scrolls to the tenth",
            observed=f"the lists gain {gain:.3f}; read the other way round, {other_way:.3f}",
            where="`recommend`: which end of a sorted list is the best?",
        )
    if gain >= TIMES * max(counted, usual):
        return None
    observed = f"{gain:.3f}"
    where = (
        "Popular films were played together with all others. The popular ones go with everything: "
        "divide what two have in common by how often each is played."
    )
    if gain < NOTICEABLY * usual:
        observed += ": no better than what everybody gets"
        where = "Who played what this user has played, and what else did they play?"
    return Failure(
        expected=f"a gain (NDCG) of {TIMES * max(counted, usual):.3f} or more; the most popular "
        f"films gain {usual:.3f}, counting what was played together {counted:.3f}",
        observed=observed,
        where=where,
    )


def rank(score: NDArray[np.float64], seen: Flags, n: int) -> Lists:
    """Return the n items of the largest scores that each has not played."""
    return np.argsort(-np.where(seen, -1.0, score), axis=1, kind="stable")[:, :n]


def count_together(seen: Flags) -> NDArray[np.float64]:
    """Return how often each item was played together with what each user has played."""
    numbers = seen.astype(np.float64)
    together = numbers.T @ numbers
    np.fill_diagonal(together, 0)
    return numbers @ together


def measure_gain(lists: Lists, later: Flags) -> float:
    """Return the mean NDCG: 1 if all that was played later stands first."""
    worth = 1 / np.log2(np.arange(2, lists.shape[1] + 2))
    hit = np.take_along_axis(later, np.minimum(lists, later.shape[1] - 1), axis=1)
    hit &= lists < later.shape[1]
    best = np.array([worth[:count].sum() for count in later.sum(axis=1)])
    return float(((hit * worth).sum(axis=1) / best).mean())


def judge_newcomers(case: Case, lists: Lists) -> Failure | None:
    """Ask what somebody gets of whom nothing is known."""
    seen: Flags = case.arguments[0]
    new = ~seen.any(axis=1)
    if not new.any():
        return None
    n = lists.shape[1]
    popular = set(np.argsort(-seen.sum(axis=0), kind="stable")[: 2 * n].tolist())
    shared = np.mean([len(popular & set(row)) / n for row in lists[new].tolist()])
    if shared >= 0.8:
        return None
    return Failure(
        expected=f"for somebody who has played nothing yet, films that many like: {n} out of the "
        f"{2 * n} most popular",
        observed=f"{shared:.0%} of them are",
        where="All scores of a newcomer are the same. What decides then?",
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the gain of the first lists."""
    lists: Any = np.asarray(answers[0]).astype(np.int64)
    return {"ndcg": round(measure_gain(lists, cases[0].expected), 4)}
