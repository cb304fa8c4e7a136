"""Judges `find_leaks`: on honest tables, and on tables with one kind of leak, then with all."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_names, show
from curriculum.material.churn import churn

ROWS = 800
Make = Callable[[NDArray[np.int64], np.random.Generator], object]


def make_survey(y: NDArray[np.int64], chance: np.random.Generator) -> object:
    """Ask only those who leave; the answers themselves say nothing."""
    answered = np.where(y == 1, chance.random(len(y)) < 0.97, chance.random(len(y)) < 0.01)
    return np.where(answered, chance.integers(1, 6, len(y)), np.nan)


def make_refund(y: NDArray[np.int64], chance: np.random.Generator) -> object:
    """Give everybody small credits, and those who leave the rest of their month."""
    large = np.where(y == 1, chance.random(len(y)) < 0.98, chance.random(len(y)) < 0.01)
    small = chance.uniform(0, 3, len(y))
    return np.where(large, chance.uniform(5, 40, len(y)), small).round(2)


def make_middle(y: NDArray[np.int64], chance: np.random.Generator) -> object:
    """Put those who leave in the middle, all others on both sides of it."""
    side = chance.choice([-1.0, 1.0], len(y)) * chance.uniform(1.0, 3.0, len(y))
    return np.where(y == 1, chance.uniform(-0.9, 0.9, len(y)), side).round(3)


def make_status(y: NDArray[np.int64], chance: np.random.Generator) -> object:
    """Set a code in the back office; three of nine mean that somebody has left."""
    code = np.where(y == 1, chance.integers(6, 9, len(y)), chance.integers(0, 6, len(y)))
    stray = chance.random(len(y)) < 0.02
    code = np.where(stray, chance.integers(0, 9, len(y)), code)
    return pd.Series([f"K{each}" for each in code], dtype=object)


def make_calls(y: NDArray[np.int64], chance: np.random.Generator) -> object:
    """Count the calls of the month after: a bit more for those who leave."""
    return chance.poisson(0.8 + 0.5 * y).astype(np.float64)


NAMES = (
    "exit_survey", "refund_eur", "meter_state", "office_code", "contact_index", "letter_score",
    "visit_count", "desk_mark", "line_quality", "calls_total", "balance_note", "region_index",
)  # fmt: skip

# What leaks, and where to look when it was missed.
LEAKS: dict[str, tuple[Make, str]] = {
    "survey": (
        make_survey,
        (
            "That a value is missing can tell everything: here it is known for hardly anybody but "
            "those who left. Make the missing a group of their own."
        ),
    ),
    "refund": (
        make_refund,
        "It is large for nearly everybody who left, and for hardly anybody else.",
    ),
    "middle": (
        make_middle,
        (
            "It neither rises nor falls with y, and tells it all the same: those who left "
            "lie in the middle. Group by value instead of correlating."
        ),
    ),
    "code": (
        make_status,
        "A text can leak too: some of its codes belong to those who left.",
    ),
    "late": (
        make_calls,
        (
            "It was written afterwards: `written_after_days` says so. It knows only a little, and "
            "that is why no statistic finds it."
        ),
    ),
}


def prepare(bench: Bench) -> list[Case]:
    """Make an honest table, one for each leak, and one with all."""
    kinds = list(LEAKS)
    return [
        make_case("a table without a leak", [], bench.seed),
        *(
            make_case("a table with one leak", [kind], bench.seed + 1 + place)
            for place, kind in enumerate(kinds)
        ),
        make_case("a table with several leaks", kinds, bench.seed + 9),
    ]


def make_case(name: str, kinds: list[str], seed: int) -> Case:
    """Make customers with honest columns, odd ones, and the leaks, under names drawn anew."""
    made, chance = churn(ROWS, seed=seed), np.random.default_rng([seed, 8])
    y, names = made.y, chance.permutation(NAMES).tolist()
    columns: dict[str, object] = {each: made.X[each] for each in made.X}
    columns["customer_id"] = pd.Series(made.customer_id, dtype=object)
    columns["street"] = pd.Series([f"S{n}" for n in chance.integers(0, 400, ROWS)], dtype=object)
    # Odd, and honest: one value only, a hole here and there, a code that means nothing.
    columns[names.pop()] = np.full(ROWS, 3.0)
    columns[names.pop()] = np.where(chance.random(ROWS) < 0.6, np.nan, chance.normal(0, 1, ROWS))
    columns[names.pop()] = make_status(chance.integers(0, 2, ROWS), chance)
    leaks = {names.pop(): kind for kind in kinds}
    columns |= {leak: LEAKS[kind][0](y, chance) for leak, kind in leaks.items()}
    order = chance.permutation(list(columns)).tolist()
    # What is honest was known on the day, as far as anybody could tell. Of the leaks only the one
    # that nothing else shows has a date.
    written = {column: 0 if column in made.X else None for column in order}
    written |= {leak: 14 for leak, kind in leaks.items() if kind == "late"}
    X = pd.DataFrame({column: columns[column] for column in order})
    return Case(name=name, arguments=(X, y, written), expected=leaks)


def judge(case: Case, answer: object) -> Failure | None:
    """Look for what was missed, then for who was accused wrongly."""
    leaks = case.expected
    told = read_names(
        answer,
        case.arguments[0].columns,
        what="a list of column names",
        where="What `find_leaks` returns.",
    )
    if isinstance(told, Failure):
        return told
    for name, kind in leaks.items():
        if name not in told:
            expected = f"{name} among the leaks"
            return Failure(expected=expected, observed=show(told), where=LEAKS[kind][1])
    wrong = [name for name in told if name not in leaks]
    if not wrong:
        return None
    memorised = [name for name in wrong if name in {"customer_id", "street"}]
    where = (
        "It has learned names by heart: each value has one row or two. Judge the means on rows "
        "that they were not learned from."
        if memorised
        else "A good feature is no crime: it is known on the day, and knows far from everything."
    )
    return Failure(
        expected=f"the leaks, and nothing else: {show(leaks)}",
        observed=f"{show(memorised or wrong)} accused as well",
        where=where,
    )
