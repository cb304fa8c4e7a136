"""Judges `fit` and `predict`: by the slope that is left, by hidden rows, by rows far outside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers
from curriculum.material.churn import churn

ROWS, HIDDEN, OUTSIDE = 600, 400, 40
COLUMNS = ("monthly_bill", "tenure_months", "late_payments", "autopay", "has_discount")
# In units of scaled columns. A small penalty on weights is allowed; a search half done is not.
SLOPE = 0.01
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make customers as they are, and a world in which few leave."""
    chance = np.random.default_rng([bench.seed, 12])
    made = churn(ROWS + HIDDEN, seed=bench.seed)
    X = made.X[list(COLUMNS)].to_numpy(np.float64)
    return [
        make_case("customers of the subscriptions", X, made.y),
        make_case("a table on other scales, where few are positive", *make_rare(chance)),
    ]


def make_rare(chance: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Make a table with a share of about one in eight, whose columns differ a lot in scale."""
    X = chance.normal([5000.0, 0.01, 0.0], [900.0, 0.003, 1.0], (ROWS + HIDDEN, 3))
    z = (X - X.mean(axis=0)) / X.std(axis=0) @ np.array([1.1, -0.8, 0.5]) - 2.4
    return X, (chance.random(len(X)) < 1 / (1 + np.exp(-z))).astype(np.int64)


def make_case(name: str, X: Array, y: NDArray[np.int64]) -> Case:
    """Cut rows into known and hidden ones; the rows outside are hidden ones, times 1000."""
    fitted, hidden = X[:ROWS], X[ROWS:]
    outside = hidden[:OUTSIDE] * np.where(np.arange(X.shape[1]) == 0, 1000.0, 1.0)
    expected = {
        "columns": scale(fitted, fitted),
        "y": y[:ROWS],
        "truth": y[ROWS:],
        "best": squash(scale(hidden, fitted) @ search(scale(fitted, fitted), y[:ROWS])),
    }
    return Case(name=name, arguments=(fitted, y[:ROWS], hidden, outside), expected=expected)


def scale(X: Array, known: Array) -> Array:
    """Return columns with mean 0 and spread 1 in the known rows, and ones in front."""
    return np.column_stack([np.ones(len(X)), (X - known.mean(axis=0)) / known.std(axis=0)])


def squash(z: Array) -> Array:
    """Return probabilities of log-odds."""
    probabilities: Array = 1 / (1 + np.exp(-np.clip(z, -500, 500)))
    return probabilities


def search(columns: Array, y: NDArray[np.int64]) -> Array:
    """Find the weights by Newton's method."""
    weights = np.zeros(columns.shape[1])
    for _ in range(25):
        p = squash(columns @ weights)
        bend = (columns * (p * (1 - p))[:, None]).T @ columns + 1e-9 * np.eye(len(weights))
        weights = weights - np.linalg.solve(bend, columns.T @ (p - y))
    return weights


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the range, at far rows, at the slope that is left, then at hidden rows."""
    right = case.expected
    failure = read_fields(answer, ("trained", "hidden", "outside"), where="What is returned.")
    if failure or not isinstance(answer, dict):
        return failure
    found: dict[str, Array] = {}
    for name, count in (("trained", ROWS), ("hidden", HIDDEN), ("outside", OUTSIDE)):
        where = "What `predict` returns."
        if name == "outside":
            where = (
                "These rows are far outside of the training rows, a thousand times as large. What "
                "is exp() of a thousand, and what is infinite divided by infinite?"
            )
        read = read_numbers(
            answer[name], (count,), what="one probability for each row", where=where
        )
        if isinstance(read, Failure):
            return read
        found[name] = read
    return (
        judge_range(found)
        or judge_slope(right["columns"], found["trained"], right["y"])
        or judge_hidden(found["hidden"], right)
    )


def judge_range(found: Mapping[str, Array]) -> Failure | None:
    """Return a failure for answers that are no probabilities."""
    known = found["trained"]
    for name, values in found.items():
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 1:
            return Failure(
                expected="probabilities from 0 to 1",
                observed=f"{low:.2f} to {high:.2f} for {name} rows",
                where="A straight line leaves the range somewhere. Bend it: there is a curve that "
                "flattens out at 0 and at 1.",
            )
    if np.ptp(known) < 1e-9:
        return Failure(
            expected="probabilities that differ, as the customers do",
            observed=f"{float(known[0]):.3f} for each row",
            where="The same answer for everybody is right about the sum, and of no use for a list "
            "of a hundred names.",
        )
    if len(np.unique(known.round(6))) <= 10:
        return Failure(
            expected="a probability for each row",
            observed=f"only {len(np.unique(known))} different answers",
            where="A yes or no is no probability: how sure are you of each?",
        )
    return None


def judge_slope(columns: Array, p: Array, y: NDArray[np.int64]) -> Failure | None:
    """Return a failure when the log loss still has a slope: the search could go on."""
    slope = columns.T @ (p - y) / len(y)
    if np.abs(slope).max() <= SLOPE:
        return None
    if abs(slope[0]) > SLOPE:
        expected = f"{float(y.mean()):.3f}: the mean probability is the share of those who left"
        observed = f"a mean probability of {float(p.mean()):.3f}"
    else:
        worst = int(np.abs(slope).argmax())
        expected = f"errors that have nothing to do with column {worst - 1} any more"
        observed = f"a slope of {slope[worst]:.3f} (scaled; at most {SLOPE} is fine)"
    return Failure(
        expected=expected,
        observed=observed,
        where="The search has not arrived at the bottom of the log loss. Are the columns on one "
        "scale? Are there enough steps, and is there an intercept?",
    )


def judge_hidden(p: Array, right: Mapping[str, Any]) -> Failure | None:
    """Return a failure when hidden rows are answered worse than by the best weights."""
    loss, best = (log_loss(each, right["truth"]) for each in (p, right["best"]))
    if loss <= 1.03 * best:
        return None
    return Failure(
        expected=f"hidden rows: a log loss of {1.03 * best:.3f} at most",
        observed=f"{loss:.3f}",
        where="The training rows are right, the hidden ones are not: does `predict` scale its "
        "columns with the numbers of the training rows?",
    )


def log_loss(p: Array, y: NDArray[np.int64]) -> float:
    """Return the mean surprise."""
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the log loss on hidden customers, and that of the same answer for everybody."""
    first: Any = answers[0]
    truth, share = cases[0].expected["truth"], float(np.mean(cases[0].expected["y"]))
    return {
        "hidden_log_loss": round(log_loss(np.asarray(first["hidden"], float), truth), 4),
        "same_for_everybody_log_loss": round(log_loss(np.full(len(truth), share), truth), 4),
    }
