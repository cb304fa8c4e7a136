"""Judges `find_slices`: weak spots that were planted, and luck that is none."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields
from curriculum.material.churn import churn

ROWS, MIN_ROWS = 900, 30
# What is told must be beyond chance, whichever error is used; what is planted is far beyond.
CHANCE, ALIKE = 3.4, 0.8
PAYING = "customers who pay in one way"
MISSING = "customers of whom a value is missing"
NUMBER = "the upper quarter of a number"
COLUMNS = {PAYING: "payment_method", MISSING: "last_login_days", NUMBER: "last_login_days"}
HINTS = {
    PAYING: "Look at each value of each column of texts.",
    MISSING: "Rows without a value are a part like any other, and a suspicious one. Many tools "
    "leave them out of groups without saying so.",
    NUMBER: "In a column of numbers there are hardly two rows alike: cut it into four parts of "
    "about equal size.",
}
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def prepare(bench: Bench) -> list[Case]:
    """Plant weak spots of four kinds, and none."""
    chance = np.random.default_rng([bench.seed, 307])
    made = churn(ROWS, seed=bench.seed)
    X = made.X.reset_index(drop=True)
    X["last_login_days"] = chance.exponential(20, ROWS).round(2)
    silent = chance.random(ROWS) < 0.12
    X.loc[silent, "last_login_days"] = np.nan
    rare = np.zeros(ROWS, bool)
    rare[chance.choice(ROWS, 8, replace=False)] = True
    X.loc[rare, "region"] = "abroad"
    days = X["last_login_days"].to_numpy(float)
    oldest = days > np.nanquantile(days, 0.75)
    method = str(X["payment_method"].dropna().mode()[0])
    paid = (X["payment_method"] == method).to_numpy()
    calm = make_calm(X, chance)
    # One gap for all of its rows: a handful of rows can look as sure as many.
    unlucky = calm + np.where(rare, 0.9, 0.0)
    return [
        make_case(PAYING, X, plant(calm, paid), paid),
        make_case(MISSING, X, plant(calm, silent), silent),
        make_case(NUMBER, X, plant(calm, oldest), oldest),
        make_case("a model that is equally good for all", X, calm, None),
        make_case("eight unlucky rows", X, unlucky, None),
    ]


def plant(losses: Array, where: Mask) -> Array:
    """Make a model worse for some rows."""
    return np.asarray(losses + 0.13 * where)


def make_calm(X: pd.DataFrame, chance: np.random.Generator) -> Array:
    """Make losses that no column explains, and of which some part looks bad at first sight."""
    parts = [part for _, part in cut_all(X)]
    for _ in range(500):
        losses = chance.beta(1.2, 4.0, ROWS)
        most = max(count_errors(losses, part) for part in parts if part.sum() >= MIN_ROWS)
        if 2.2 < most < 3.0:
            return np.asarray(losses)
    raise AssertionError("chance makes no such losses")


def make_case(name: str, X: pd.DataFrame, losses: Array, planted: Mask | None) -> Case:
    """Make a case; `planted` is what must be found first."""
    return Case(name, (X, losses, MIN_ROWS), planted)


def cut_all(X: pd.DataFrame) -> list[tuple[str, Mask]]:
    """Return every part of every column."""
    found: list[tuple[str, Mask]] = []
    for name in X.columns:
        column = X[name]
        known = column.notna().to_numpy()
        found.append((name, ~known))
        if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= 4:
            found += [(name, (column == each).to_numpy()) for each in column[known].unique()]
            continue
        values = column.to_numpy(float)
        edges = np.nanquantile(values, [0.25, 0.5, 0.75])
        places = np.searchsorted(edges, values)
        found += [(name, (places == place) & known) for place in range(4)]
    return found


def count_errors(losses: Array, part: Mask) -> float:
    """Return by how many standard errors a part is worse than the rest."""
    inside, outside = losses[part], losses[~part]
    if len(inside) < 2 or len(outside) < 2:
        return 0.0
    error = (inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)) ** 0.5
    return float((inside.mean() - outside.mean()) / error)


def judge(case: Case, answer: object) -> Failure | None:
    """Look at each part that is told, then for the one that was planted."""
    X, losses, _min_rows = case.arguments
    planted = case.expected
    answer = plain(answer)
    if not isinstance(answer, list):
        return Failure(
            expected="a list of dicts, empty if nothing is beyond chance",
            observed=name_type(answer),
            where="What `find_slices` returns.",
        )
    parts: list[Mask] = []
    for each in answer:
        read = read_part(each, X, losses)
        if isinstance(read, Failure):
            return read
        parts.append(read)
    if planted is not None:
        return judge_planted(case.name, answer, parts, planted, losses)
    return None


def read_part(told: object, X: pd.DataFrame, losses: Array) -> Mask | Failure:
    """Return the rows of one entry, or what is wrong with it."""
    failure = read_fields(told, ("column", "rows", "excess"), where="One entry of the list.")
    if failure or not isinstance(told, dict):
        return failure or Failure(expected="a dict", observed="", where="One entry of the list.")
    rows, name = told["rows"], told["column"]
    if name not in list(X.columns):
        return Failure(
            expected="a column of X", observed=f"{str(name)[:40]!r}", where="`column` of an entry."
        )
    whole = isinstance(rows, list) and all(
        isinstance(each, int) and 0 <= each < ROWS for each in rows
    )
    if not whole or not rows or len(set(rows)) != len(rows):
        return Failure(
            expected=f"row numbers from 0 to {ROWS - 1}, each once",
            observed=name_type(rows),
            where=f"`rows` of the entry of {name}: places, not labels or flags.",
        )
    part = np.isin(np.arange(ROWS), rows)
    if len(rows) < MIN_ROWS:
        return Failure(
            expected=f"parts of {MIN_ROWS} rows or more",
            observed=f"a part of {name} with {len(rows)} rows",
            where="These are fewer than `min_rows`. A handful of rows can look as bad as they "
            "like: nobody knows whether the next ones will.",
        )
    errors = count_errors(losses, part)
    if errors < CHANCE:
        return Failure(
            expected="parts that are worse beyond chance, about four standard errors or more",
            observed=f"a part of {name} that is {errors:.1f} standard errors worse",
            where="Look at sixty slices and one of them is two or three standard errors worse, "
            "whatever the model is like.",
        )
    return judge_excess(told["excess"], part, name, losses) or part


def judge_excess(told: object, part: Mask, name: str, losses: Array) -> Failure | None:
    """Compare the excess of a part."""
    right = float(losses[part].mean() - losses[~part].mean())
    if isinstance(told, int | float) and abs(told - right) <= 1e-6:
        return None
    shown = f"{told:.4f}" if isinstance(told, int | float) else name_type(told)
    to_all = float(losses[part].mean() - losses.mean())
    if isinstance(told, int | float) and abs(told - to_all) <= 1e-6:
        where = "These rows are among all rows, too: compare them with the others."
    else:
        where = "The mean loss of these rows less that of all others."
    return Failure(expected=f"excess = {right:.4f}", observed=f"{shown} for {name}", where=where)


def judge_planted(
    name: str,
    told: Sequence[Mapping[str, Any]],
    parts: Sequence[Mask],
    planted: Mask,
    losses: Array,
) -> Failure | None:
    """Look whether the weak spot is there, and at the front."""
    alike = [float((part & planted).sum() / (part | planted).sum()) for part in parts]
    if alike and alike[0] >= ALIKE:
        return None
    worse = float(losses[planted].mean() - losses[~planted].mean())
    rows = int(planted.sum())
    is_there = any(each >= ALIKE for each in alike)
    if not told:
        observed = "no part at all: No slice is told, and there is one"
    else:
        observed = f"a part of {told[0]['column']} with {len(told[0]['rows'])} rows first"
    return Failure(
        expected=f"a part of {COLUMNS[name]} first: about {rows} rows, {worse:.3f} worse",
        observed=observed,
        where="The worst first, by excess." if is_there else HINTS[name],
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how many parts were told where there is nothing to tell."""
    return {
        f"told_{'planted' if case.expected is not None else 'calm'}_{place}": float(len(told))
        for place, (case, told) in enumerate(zip(cases, map(plain, answers), strict=True))
    }
