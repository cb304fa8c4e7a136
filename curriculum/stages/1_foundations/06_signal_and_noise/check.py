"""Judges `find_signal`: on tables of pure noise, and on tables in which some columns know."""

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import show

ROWS, COLUMNS = 300, 40
NOISE_TABLES = 12
# One in twenty is the deal; five in twelve happen to an honest function once in 5,000 checks.
MAX_FOOLED = 4
MAX_EXTRA = 2
# Change of the log-odds from end to end, by how many columns share it.
STRENGTH = {1: 8.0, 2: 7.0, 3: 6.5}
SHAPES = ("rising", "falling", "high at both ends", "a bump in the middle")


def prepare(bench: Bench) -> list[Case]:
    """Make noise first, then straight signals, then bent ones."""
    chance = np.random.default_rng([bench.seed, 6])
    noise = [make_noise(chance) for _ in range(NOISE_TABLES)]
    return [
        Case(
            name=f"{NOISE_TABLES} tables of pure noise",
            arguments=(np.array([X for X, _ in noise]), np.array([y for _, y in noise])),
            expected=[{}] * NOISE_TABLES,
        ),
        make_case("a table with three columns that know", chance, SHAPES[:2] + SHAPES[:1]),
        make_case("a table with two columns that are bent", chance, SHAPES[2:]),
        make_case("a table with one column that knows", chance, SHAPES[1:2]),
    ]


def make_noise(chance: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Make a table in which there is nothing to find."""
    X = chance.standard_normal((ROWS, COLUMNS))
    # As in real tables: some columns have a long tail, some have few values.
    X[:, ::4] = np.exp(X[:, ::4])
    X[:, 1::4] = X[:, 1::4].round(1)
    return X, (chance.random(ROWS) < chance.uniform(0.25, 0.5)).astype(np.int64)


def make_case(name: str, chance: np.random.Generator, shapes: tuple[str, ...]) -> Case:
    """Make a table in which a few columns decide, each in its own shape."""
    X, _ = make_noise(chance)
    # Not those with a long tail, where a correlation would miss a straight signal too.
    tame = [column for column in range(COLUMNS) if column % 4]
    places = chance.choice(tame, len(shapes), replace=False).tolist()
    log_odds = np.full(ROWS, -0.3)
    for place, shape in zip(places, shapes, strict=True):
        # Between 0 and 1, by rank: the same strength whatever the column's tail.
        rank = X[:, place].argsort(kind="stable").argsort(kind="stable") / (ROWS - 1)
        log_odds += STRENGTH[len(shapes)] * bend(rank, shape)
    y = (chance.random(ROWS) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)
    return Case(
        name=name,
        arguments=(X[None], y[None]),
        expected=[dict(zip(places, shapes, strict=True))],
    )


def bend(rank: NDArray[np.float64], shape: str) -> NDArray[np.float64]:
    """Return what a column adds to the log-odds, from -0.5 to 0.5 or so, with mean zero."""
    if shape == "rising":
        return rank - 0.5
    if shape == "falling":
        return 0.5 - rank
    middle = np.abs(rank - 0.5) < 0.25
    bump: NDArray[np.float64] = np.where(middle, 0.4, -0.4)
    return bump if shape == "a bump in the middle" else -bump


def judge(case: Case, answer: object) -> Failure | None:
    """Count how often noise fooled it; see whether it found what is there."""
    told = plain(answer)
    strange = [number for table in told for number in table if not 0 <= number < COLUMNS]
    if strange:
        return Failure(
            expected=f"numbers of columns, from 0 to {COLUMNS - 1}",
            observed=show(strange),
            where="What `find_signal` returns.",
        )
    if not case.expected[0]:
        return judge_noise([len(set(table)) for table in told])
    right, found = case.expected[0], set(told[0])
    for column, shape in right.items():
        if column not in found:
            return tell_missed(column, shape, len(found))
    extra = sorted(found - set(right))
    if len(extra) > MAX_EXTRA:
        return Failure(
            expected=f"{show(sorted(right))}, and at most {MAX_EXTRA} others by bad luck",
            observed=f"{len(extra)} others: {show(extra)}",
            where="They are noise. What would the strongest column of a shuffled target reach?",
        )
    return None


def judge_noise(counts: list[int]) -> Failure | None:
    """Return a failure when noise was taken for signal too often."""
    fooled = sum(count > 0 for count in counts)
    if fooled <= MAX_FOOLED:
        return None
    if len(set(counts)) == 1:
        where = (
            f"There is nothing to find, and {counts[0]} columns were found each time. A ranking "
            "always has a top: what must the top beat?"
        )
    else:
        where = (
            "Forty columns are forty chances to be lucky. How strong does the best of forty look "
            "when the target is shuffled?"
        )
    return Failure(
        expected="nothing found, but for one table in twenty",
        observed=f"something found in {fooled} of {len(counts)} tables",
        where=where,
    )


def tell_missed(column: int, shape: str, found: int) -> Failure:
    """Say what was missed, and why it may have been."""
    if shape in SHAPES[2:]:
        where = (
            "y is high at both ends of this column and low between, or the other way round. What "
            "does a correlation see of that?"
        )
    else:
        where = "It is not noise: a shuffled target hardly ever comes near. " + (
            "Is your limit too high?" if found else "A function that never finds is no help."
        )
    return Failure(
        expected=f"column {column} among those that carry signal ({shape})",
        observed=f"{found} columns found, without it",
        where=where,
    )
