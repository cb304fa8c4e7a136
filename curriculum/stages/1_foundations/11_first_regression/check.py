"""Judges `fit` and `predict`: by what is left in the errors, and by rows that were hidden."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers
from curriculum.material.bills import Bills, bills

ROWS, HIDDEN, ALONE = 300, 200, 5
# A correlation of the errors with a column that is as good as none.
NOTHING_LEFT = 1e-5
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make a plain table, one with columns that say the same, one with holes, a strange one."""
    chance = np.random.default_rng([bench.seed, 11])
    plain = bills(ROWS + HIDDEN, seed=bench.seed)
    X, y = to_numbers(plain), plain.y
    doubled = np.column_stack([X, X[:, 0] * 60.0, X[:, 2:4].sum(axis=1)])
    holes = np.where(chance.random(X.shape) < 0.08, np.nan, X)
    # The first row that is asked alone has a hole, whatever the seed.
    holes[ROWS, 0] = np.nan
    return [
        make_case("bills, from hours and plan", X, y),
        make_case("bills, where columns say the same", doubled, y),
        make_case("bills, where values are missing", holes, y),
        make_case(*make_sensor(chance)),
    ]


def to_numbers(made: Bills) -> Array:
    """Return hours, tenure, plan as three columns of 0 and 1 less one, discount."""
    plan = pd.get_dummies(made.X["plan"], dtype=float)[["standard", "premium"]]
    return np.column_stack(
        [
            made.X["usage_hours"].to_numpy(float),
            made.X["tenure_months"].to_numpy(float),
            plan.to_numpy(float),
            made.X["has_discount"].to_numpy(float),
        ]
    )


def make_sensor(chance: np.random.Generator) -> tuple[str, Array, Array]:
    """Make a table on scales of its own: a rule for bills alone is no help."""
    X = chance.normal([1000.0, 0.002, -40.0], [30.0, 0.0005, 4.0], (ROWS + HIDDEN, 3))
    weights = np.array([0.02, 9000.0, -1.5]) * chance.uniform(0.5, 1.5, 3)
    return (
        "a sensor's readings, on other scales",
        X,
        500.0 + X @ weights + chance.normal(0, 2, len(X)),
    )


def make_case(name: str, X: Array, y: Array) -> Case:
    """Cut rows into those that are learned from and those that are hidden."""
    fitted = design(X[:ROWS], X[:ROWS])
    weights = np.linalg.lstsq(fitted, y[:ROWS])[0]
    expected = {
        "columns": fitted,
        "y": y[:ROWS],
        "trained": fitted @ weights,
        "hidden": design(X[ROWS:], X[:ROWS]) @ weights,
        "truth": y[ROWS:],
    }
    return Case(name=name, arguments=(X[:ROWS], y[:ROWS], X[ROWS:], ALONE), expected=expected)


def design(X: Array, known: Array) -> Array:
    """Return X with holes filled from the known rows, and a column of ones."""
    return np.column_stack([np.ones(len(X)), np.where(np.isnan(X), np.nanmean(known, axis=0), X)])


def judge(case: Case, answer: object) -> Failure | None:
    """Look at shapes, at the errors on known rows, at single rows, at hidden rows."""
    right = case.expected
    failure = read_fields(answer, ("trained", "hidden", "alone"), where="What `predict` returns.")
    if failure or not isinstance(answer, dict):
        return failure
    found: dict[str, Array] = {}
    for name, count in (("trained", ROWS), ("hidden", HIDDEN), ("alone", ALONE)):
        told = answer[name]
        if name == "alone":
            told = [value for row in told for value in np.atleast_1d(row)]
        read = read_numbers(
            told,
            (count,),
            what="one answer for each row",
            where="What `predict` returns: one answer for each row, also for rows with holes.",
        )
        if isinstance(read, Failure):
            return read
        found[name] = read
    return (
        judge_errors(right["columns"], right["y"] - found["trained"], right["y"])
        or judge_alone(found["alone"], found["hidden"][:ALONE])
        or judge_hidden(found["hidden"], right)
    )


def judge_errors(columns: Array, errors: Array, y: Array) -> Failure | None:
    """Return a failure when errors have to do with a column still: least squares leaves none."""
    size = float(np.linalg.norm(y - y.mean()))
    if np.ptp(y - errors) < 1e-9:
        return Failure(
            expected="answers that differ, as the customers do",
            observed=f"{float((y - errors)[0]):.2f} for each row",
            where="The same answer for everybody is the rule without columns. It is the one to "
            "beat: what does one more hour add?",
        )
    left = columns.T @ errors / (np.linalg.norm(columns, axis=0) * size)
    worst = int(np.abs(left).argmax())
    if abs(left[worst]) <= NOTHING_LEFT:
        return None
    # Without a number in front, the columns have their equations, and the sum has not.
    others = np.abs(left[1:]).max()
    if others <= NOTHING_LEFT:
        where = (
            "Your rule is zero when all columns are zero: is there a number in front, for what "
            "remains then?"
        )
    else:
        where = (
            "The search has not arrived at the smallest sum of squares: where it has, errors times "
            "column add up to zero, for each column. There is a way without steps."
        )
    name = "themselves" if worst == 0 else f"times column {worst - 1}"
    return Failure(
        expected=f"errors that, {name}, add up to zero",
        observed=f"they add up to {float(columns[:, worst] @ errors):.4g}",
        where=where,
    )


def judge_alone(alone: Array, together: Array) -> Failure | None:
    """Return a failure when a row's answer changes with the rows beside it."""
    if np.allclose(alone, together, rtol=1e-6, atol=1e-6):
        return None
    row = int(np.abs(alone - together).argmax())
    return Failure(
        expected=f"hidden row {row} alone: {together[row]:.2f}, as among the others",
        observed=f"{alone[row]:.2f}",
        where="The answer depends on who else is asked: what fills a hole is learned in `fit`.",
    )


def judge_hidden(hidden: Array, right: Mapping[str, Any]) -> Failure | None:
    """Return a failure when hidden rows are answered worse than by least squares."""
    truth = right["truth"]
    error = float(np.abs(truth - hidden).mean())
    limit = 1.02 * float(np.abs(truth - right["hidden"]).mean()) + 1e-9
    if error <= limit:
        return None
    return Failure(
        expected=f"hidden rows: {limit:.2f} off on average at most",
        observed=f"{error:.2f}",
        where="The training rows are right, the hidden ones are not: does `predict` do with the "
        "columns what `fit` did?",
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how far off the rule is on hidden bills, and how far off the mean is."""
    first: Any = answers[0]
    truth = cases[0].expected["truth"]
    mean = float(np.mean(cases[0].expected["y"]))
    return {
        "hidden_mae_eur": round(float(np.abs(truth - np.asarray(first["hidden"])).mean()), 2),
        "mean_for_everybody_mae_eur": round(float(np.abs(truth - mean).mean()), 2),
    }
