"""Judges a set-up by whether it keeps what it promises, and what it promises of nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields, read_numbers

ROWS, HIDDEN, BOUGHT = 80, 400, 600
NOISE_TABLES, REAL_TABLES = 3, 2
# The mean of three honest estimates lies between 0.3 and 0.7; chosen beforehand it is about 0.82.
NOTHING = 0.71
OFF = 0.17
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make tables in which nothing is known, and some in which a few columns know something."""
    chance = np.random.default_rng([bench.seed, 205])
    noise = [make_table(chance, telling=0) for _ in range(NOISE_TABLES)]
    real = [make_table(chance, telling=3) for _ in range(REAL_TABLES)]
    none = np.empty((0, BOUGHT))
    return [
        Case(
            "bought columns that know nothing of these customers",
            ([(X[:ROWS], y[:ROWS], none) for X, y in noise],),
        ),
        Case(
            "columns of which three know something",
            ([(X[:ROWS], y[:ROWS], X[ROWS:]) for X, y in real],),
            [y[ROWS:] for _X, y in real],
        ),
    ]


def make_table(chance: np.random.Generator, *, telling: int) -> tuple[Array, NDArray[np.int64]]:
    """Make customers of whom half left, and columns with gaps."""
    rows = ROWS + (HIDDEN if telling else 0)
    X = chance.standard_normal((rows, BOUGHT))
    if telling:
        log_odds = 2.5 * X[:, :telling].sum(axis=1)
        y = (chance.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)
    else:
        y = chance.permutation(np.arange(rows) % 2)
    X[chance.random(X.shape) < 0.03] = np.nan
    order = chance.permutation(BOUGHT)
    return X[:, order], y


def judge(case: Case, answer: object) -> Failure | None:
    """Read the estimates, then compare them with what is so."""
    tables = case.arguments[0]
    if not isinstance(answer, list) or len(answer) != len(tables):
        return Failure(
            expected="an answer for each table",
            observed=name_type(answer),
            where="`estimate` and `build`.",
        )
    estimates = []
    for each in answer:
        failure = read_fields(each, ("estimate", "hidden"), where="What `estimate` returns.")
        if failure:
            return failure
        read = read_numbers(
            [each["estimate"]],
            (1,),
            what="an accuracy",
            where="What `estimate` returns: one number from 0 to 1.",
        )
        if isinstance(read, Failure):
            return read
        estimates.append(float(read[0]))
    if not all(0 <= each <= 1 for each in estimates):
        worst = max(estimates, key=lambda each: abs(each - 0.5))
        return Failure(
            expected="a number from 0 to 1",
            observed=f"{worst:.3g}",
            where="What `estimate` returns.",
        )
    if case.expected is None:
        return judge_noise(float(np.mean(estimates)), abs(estimates[0] - answer[0]["own"]) < 1e-9)
    return judge_promise(answer, estimates, case.expected)


def judge_noise(promised: float, own_rows: bool) -> Failure | None:  # noqa: FBT001 - two words
    """Return a failure when much is promised of columns that know nothing."""
    if promised <= NOTHING:
        return None
    if own_rows:
        where = (
            "The model was asked about rows that it has learned from: it knows them by heart. "
            "Which rows has it never met?"
        )
    else:
        where = (
            "The columns were chosen by rows that judged them later. Of hundreds of columns of "
            "noise, ten look good on any rows, and these are the rows that you asked. Choose them "
            "anew in each fold, without the rows that are left out."
        )
    return Failure(
        expected=f"about 50%, and certainly below {NOTHING:.0%}: the columns are noise",
        observed=f"{promised:.0%} promised, on average over {NOISE_TABLES} tables",
        where=where,
    )


def judge_promise(
    answer: Sequence[Mapping[str, Any]],
    estimates: Sequence[float],
    truths: Sequence[NDArray[np.int64]],
) -> Failure | None:
    """Return a failure when what was built is not as good as was said."""
    reached = []
    for each, truth in zip(answer, truths, strict=True):
        told = read_numbers(
            each["hidden"],
            truth.shape,
            what="a class for every hidden row",
            where="What `build()` returns: fitted, it must predict rows with gaps.",
        )
        if isinstance(told, Failure):
            return told
        reached.append(float(np.mean(told == truth)))
    said, kept = float(np.mean(estimates)), float(np.mean(reached))
    if kept < 0.62:
        return Failure(
            expected="three of the columns know something: more than 62% on hidden rows",
            observed=f"{kept:.0%}",
            where="`build` is what goes to work: does it choose the ten columns that tell most? "
            "With hundreds of columns for eighty rows, the model drowns in the others.",
        )
    if abs(said - kept) <= OFF:
        return None
    return Failure(
        expected=f"what `build` makes should be about as good as it says: {kept:.0%} of hidden "
        "rows are right",
        observed=f"{said:.0%} promised",
        where="`estimate` must try out the very thing that `build` returns, on rows that are left "
        "out.",
    )


def measure(_cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep what was promised of noise."""
    first: Any = answers[0]
    return {"promised_of_noise": round(float(np.mean([each["estimate"] for each in first])), 3)}
