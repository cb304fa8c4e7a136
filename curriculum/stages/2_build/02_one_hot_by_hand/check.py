"""Judges an encoder of categories: what its columns mean, and that rows keep to it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields, read_numbers, show
from curriculum.material.churn import STRINGS, churn
from training.data.simulator import NORMAL

ROWS, HIDDEN, ALONE = 240, 120, 4
OTHER = "*"
Pair = tuple[str, str]
TABLES = {
    "trained": "the training rows",
    "alone": "a row that is asked alone",
    "hidden": "other rows",
}


def prepare(bench: Bench) -> list[Case]:
    """Make customers before and after a new plan, and a table of towns and codes."""
    chance = np.random.default_rng([bench.seed, 202])
    before = churn(ROWS, seed=bench.seed).X[list(STRINGS)]
    # From one day on there is a plan that no training row has.
    world = replace(NORMAL, flex_plan_share=0.4)
    after = churn(HIDDEN, seed=bench.seed, world=world, start=ROWS).X[list(STRINGS)]
    return [
        make_case("customers of the subscriptions", before, churn_later(bench.seed), 1),
        make_case("customers, with rare levels", before, churn_later(bench.seed), 30),
        make_case("customers, after a new plan came", before, after, 30),
        make_case("towns and codes", make_towns(chance, ROWS), make_towns(chance, HIDDEN), 8),
    ]


def churn_later(seed: int) -> pd.DataFrame:
    """Return other customers of the same world."""
    return churn(HIDDEN, seed=seed, start=ROWS).X[list(STRINGS)]


def make_towns(chance: np.random.Generator, rows: int) -> pd.DataFrame:
    """Make many towns, of which most are rare, and codes that look like numbers."""
    towns = [f"town {place}" for place in (chance.pareto(0.9, rows) * 3).astype(int).clip(0, 400)]
    codes = np.array(["7", "07", "007", "70"])[chance.integers(0, 4, rows)].tolist()
    for row in chance.choice(rows, rows // 10, replace=False).tolist():
        codes[row] = None
    return pd.DataFrame(
        {"town": pd.Series(towns, dtype=object), "code": pd.Series(codes, dtype=object)}
    )


def make_case(name: str, table: pd.DataFrame, hidden: pd.DataFrame, rare_rows: int) -> Case:
    """Work out which columns there are to be."""
    table, hidden = table.reset_index(drop=True), hidden.reset_index(drop=True)
    counts: dict[Pair, int] = {}
    for column in table.columns:
        for value in table[column]:
            pair = (str(column), value or "")
            counts[pair] = counts.get(pair, 0) + 1
    wanted = {pair for pair, count in counts.items() if count >= rare_rows}
    wanted |= {(str(column), OTHER) for column in table.columns}
    return Case(name, (table, hidden, rare_rows, ALONE), (wanted, counts))


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the names, then at each table."""
    table, hidden, _rare_rows, alone = case.arguments
    wanted, counts = case.expected
    failure = read_fields(answer, ("names", *TABLES), where="What the three functions return.")
    if failure or not isinstance(answer, dict):
        return failure
    names = read_pairs(plain(answer["names"]))
    if isinstance(names, Failure):
        return names
    failure = judge_names(names, wanted, counts)
    if failure:
        return failure
    rows = {"trained": table, "alone": hidden.iloc[:alone], "hidden": hidden}
    for which, part in rows.items():
        told = answer[which]
        pieces = told if which == "alone" and isinstance(told, list) else [told]
        size = len(part) // len(pieces) if pieces else 0
        for place, piece in enumerate(pieces):
            own = part.iloc[place * size : (place + 1) * size]
            failure = judge_table(piece, own, names, wanted, TABLES[which])
            if failure:
                return failure
    return None


def read_pairs(told: object) -> list[Pair] | Failure:
    """Return what the columns mean, or what is wrong with it."""
    if not isinstance(told, list) or not told:
        return Failure(
            expected="a list of pairs [column, level]",
            observed=name_type(told),
            where="What `names` returns.",
        )
    pairs = [
        (str(each[0]), "" if each[1] is None else str(each[1]))
        for each in told
        if isinstance(each, list) and len(each) == 2
    ]
    if len(pairs) < len(told):
        return Failure(
            expected="a list of pairs [column, level]",
            observed="other entries",
            where="What `names` returns.",
        )
    return pairs


def judge_names(names: list[Pair], wanted: set[Pair], counts: dict[Pair, int]) -> Failure | None:
    """Say which columns are absent or too many, and what that usually means."""
    absent, extra = sorted(wanted - set(names)), sorted(set(names) - wanted)
    if not absent and not extra and len(names) == len(wanted):
        return None
    if any(counts.get(pair, 0) for pair in extra):
        where = (
            "A level of a handful of customers is too few rows to learn from: what the model finds "
            "there is their luck. It shares the column '*'."
        )
    elif any(level == OTHER for _column, level in absent) and not any(
        level != OTHER for _column, level in absent
    ):
        where = "Where will a level go that no training row had? Every column of the table has '*'."
    elif extra:
        where = (
            "A place in a list is an order that nobody meant: south is not twice as much as north. "
            "One column for each level, 0 or 1."
        )
    elif absent and all(level == "" for _column, level in absent):
        where = (
            "That nothing is known is known: a missing value is a level with the name ''. Does "
            "what counts your levels leave it out?"
        )
    elif len(names) > len(set(names)):
        where = "A column is named twice."
    else:
        where = (
            "Leaving one out is for models without a penalty, whose weights are to be read. Here "
            "each level has its column."
        )
    return Failure(
        expected=f"{len(wanted)} columns, among them {show_pairs(absent or sorted(wanted))}",
        observed=f"{len(names)} columns" + (f", among them {show_pairs(extra)}" if extra else ""),
        where=where,
    )


def show_pairs(pairs: list[Pair]) -> str:
    """Write a few pairs down."""
    return show([f"{column}={level!r}" for column, level in pairs], 3)


def judge_table(
    told: object, rows: pd.DataFrame, names: list[Pair], wanted: set[Pair], which: str
) -> Failure | None:
    """Compare a matrix with what the names promise."""
    width = np.shape(told)[-1] if isinstance(told, np.ndarray) and told.ndim == 2 else None
    found = read_numbers(
        told,
        (len(rows), len(names)),
        what=f"{which}: one row for each, one column for each name",
        where="The columns are learned in `fit`, and stay: whatever levels a table holds, its "
        "matrix has the same ones."
        if width is not None and width != len(names)
        else "What `transform` returns.",
    )
    if isinstance(found, Failure):
        return found
    right = encode(rows, names, wanted)
    wrong = np.argwhere(found != right)
    if not len(wrong):
        return None
    row, place = wrong[0]
    column, level = names[place]
    value = rows[column].iloc[row]
    group = [each for each, name in enumerate(names) if name[0] == column]
    if found[row, group].sum() == 0:
        where = (
            f"The row has nothing at all in the columns of {column!r}: a level without a column of "
            "its own, seen or not, belongs to '*'."
        )
    else:
        where = "Exactly one of the columns of the same name is 1, that of the row's own level."
    return Failure(
        expected=f"{which}, {column} = {value!r}: column ({column!r}, {level!r}) is "
        f"{right[row, place]:g}",
        observed=f"{found[row, place]:g}",
        where=where,
    )


def encode(rows: pd.DataFrame, names: list[Pair], wanted: set[Pair]) -> NDArray[np.float64]:
    """Work the right matrix out, for columns in the learner's order."""
    right = np.zeros((len(rows), len(names)))
    place = {name: each for each, name in enumerate(names)}
    columns: list[Any] = list(rows.columns)
    for column in columns:
        for row, value in enumerate(rows[column]):
            pair = (str(column), value or "")
            right[row, place[pair if pair in wanted else (str(column), OTHER)]] = 1.0
    return right
