"""Judges features by what a linear model can say with them, beside the truth of its maker."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields, read_numbers
from curriculum.material.bills import bills
from curriculum.material.churn import churn

MOST = 12
ALONE = 4
BILL_ROWS, CHURN_ROWS, HIDDEN = 300, 1500, 1000
# Features after the expert's words reach 0.1 to 0.3 euros, plain columns 1.2.
EUROS = 0.5
# Of the squared distance that plain columns leave; after the expert's words it is a third.
PART = 0.5
NUMBERS = ("usage_hours", "monthly_bill", "tenure_months", "has_discount", "support_contacts")
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make bills, and customers who leave, both with the truth that nobody has."""
    made = bills(BILL_ROWS + HIDDEN, seed=bench.seed, noise=0.04)
    left = churn(CHURN_ROWS + HIDDEN, seed=bench.seed)
    people = left.X[[*NUMBERS, "overdue_balance"]].copy()
    people["yearly"] = (left.X["billing_period"] == "yearly").astype(float)
    plain = people.fillna(0.0).to_numpy(float)
    reached = fit_logistic(plain[:CHURN_ROWS], left.y[:CHURN_ROWS], plain[CHURN_ROWS:])
    truth = left.probability[CHURN_ROWS:]
    return [
        Case(
            "the next bill",
            ("make_bill_features", *cut(made.X, BILL_ROWS), ALONE),
            {"y": made.y[:BILL_ROWS], "truth": made.mean[BILL_ROWS:]},
        ),
        Case(
            "who leaves",
            ("make_churn_features", *cut(people, CHURN_ROWS), ALONE),
            {
                "y": left.y[:CHURN_ROWS],
                "truth": truth,
                "plain": float(((reached - truth) ** 2).mean()),
            },
        ),
    ]


def cut(table: pd.DataFrame, rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first rows and the others."""
    return table.iloc[:rows].reset_index(drop=True), table.iloc[rows:].reset_index(drop=True)


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the columns, at single rows, then fit a model and ask it about hidden rows."""
    name, table, hidden, _alone = case.arguments
    where = f"What `{name}` returns."
    failure = read_fields(answer, ("known", "hidden", "alone"), where=where)
    if failure or not isinstance(answer, dict):
        return failure
    told = answer["known"]
    if not isinstance(told, np.ndarray) or told.ndim != 2:
        return Failure(
            expected="an array with two axes: rows and features",
            observed=name_type(told),
            where=where,
        )
    width = told.shape[1]
    if not 1 <= width <= MOST:
        return Failure(
            expected=f"{MOST} columns at most",
            observed=f"{width} columns",
            where="Each column needs rows to learn its weight from, and somebody to keep it alive. "
            "Take those that the expert's sentence needs.",
        )
    features = read_all(answer, case, width)
    if isinstance(features, Failure):
        return features
    rows = {"known": table, "hidden": hidden}
    if name == "make_bill_features":
        return judge_bills(features, rows, case.expected)
    return judge_churn(features, rows, case.expected)


def read_all(answer: Mapping[str, Any], case: Case, width: int) -> dict[str, Array] | Failure:
    """Return the three sets of features; those of single rows are to be those among others."""
    name, table, hidden, alone = case.arguments
    where = f"What `{name}` returns."
    features: dict[str, Array] = {}
    for which, rows in (("known", len(table)), ("hidden", len(hidden)), ("alone", alone)):
        found = read_rows(answer[which], which, rows, width, where)
        if isinstance(found, Failure):
            return found
        features[which] = found
    if not np.allclose(features["alone"], features["hidden"][:alone], rtol=1e-6, atol=1e-9):
        row, column = np.argwhere(~np.isclose(features["alone"], features["hidden"][:alone]))[0]
        return Failure(
            expected=f"feature {column} of hidden row {row} alone: "
            f"{features['hidden'][row, column]:.6g}",
            observed=f"{features['alone'][row, column]:.6g}",
            where="The features of a row depend on that row alone: when it is served, nobody else "
            "is there to take a mean or a list of plans from.",
        )
    return features


def read_rows(told: object, which: str, rows: int, width: int, where: str) -> Array | Failure:
    """Return a table of features, or what is wrong with it."""
    if which == "alone" and isinstance(told, list):
        shapes = {np.shape(each) for each in told}
        if shapes != {(1, width)}:
            return Failure(
                expected=f"{width} columns for a row that is asked alone, as for many",
                observed=f"shape {next(iter(shapes - {(1, width)}))}",
                where="The features of a row depend on that row alone, and so does how many there "
                "are: write the plans down, do not read them off the rows at hand.",
            )
        told = np.concatenate([np.asarray(each) for each in told])
    what = f"{width} finite numbers for each row"
    return read_numbers(told, (rows, width), what=what, where=where)


def judge_bills(
    features: Mapping[str, Array], rows: Mapping[str, pd.DataFrame], right: Mapping[str, Any]
) -> Failure | None:
    """Fit least squares; say which sentence of the expert would help most."""
    truth = right["truth"]

    def measure_distance(extra: Mapping[str, Array] | None = None) -> float:
        known, asked = (
            features[part] if extra is None else np.hstack([features[part], extra[part]])
            for part in ("known", "hidden")
        )
        known, asked = scale(known, asked)
        told = asked @ np.linalg.lstsq(known, right["y"], rcond=1e-9)[0]
        return float(np.abs(told - truth).mean())

    distance = measure_distance()
    if distance <= EUROS:
        return None
    less = {
        part: features[part] * table["has_discount"].to_numpy(float)[:, None]
        for part, table in rows.items()
    }
    if measure_distance(less) <= EUROS:
        where = (
            "A model on your columns is wrong about those with a discount: a fifth of everything "
            "is not an amount. It takes more off a large bill."
        )
    else:
        where = (
            "That an hour costs more in one plan than in another is something that a sum of "
            "columns cannot say, unless one column is already a product."
        )
    return Failure(
        expected=f"a model on them is at most {EUROS:g} euros off the price list, on average",
        observed=f"{distance:.2f} euros",
        where=where,
    )


def judge_churn(
    features: Mapping[str, Array], rows: Mapping[str, pd.DataFrame], right: Mapping[str, Any]
) -> Failure | None:
    """Fit a logistic regression; say which sentence of the expert would help most."""
    truth = right["truth"]
    told = fit_logistic(features["known"], right["y"], features["hidden"])
    left = float(((told - truth) ** 2).mean()) / right["plain"]
    if left <= PART:
        return None
    sentences = {part: list_sentences(table) for part, table in rows.items()}
    helped = {}
    for name in sentences["known"]:
        more = [
            np.column_stack([features[part], sentences[part][name]]) for part in ("known", "hidden")
        ]
        with_it = fit_logistic(more[0], right["y"], more[1])
        helped[name] = float(((with_it - truth) ** 2).mean())
    best = min(helped, key=lambda name: helped[name])
    flag = sentences["hidden"][best]
    group = flag >= (1.0 if set(np.unique(flag)) <= {0.0, 1.0} else np.quantile(flag, 0.9))
    if best.startswith("few"):
        group = flag <= np.quantile(flag, 0.1)
    return Failure(
        expected=f"features that leave at most {PART:.0%} of the squared distance to the true "
        "probability that plain columns leave",
        observed=f"{left:.0%}",
        where=f"Look at customers with {best}: {truth[group].mean():.0%} of them leave, and a "
        f"model on your columns says {told[group].mean():.0%}. The expert had a sentence for them.",
    )


def list_sentences(table: pd.DataFrame) -> dict[str, Array]:
    """Return what the expert said, a column for each sentence."""
    bill, tenure = table["monthly_bill"], table["tenure_months"]
    found = {
        "a third call to the support desk (it was the last straw)": table["support_contacts"] >= 3,
        "a discount that is about to end": (table["has_discount"] == 1) & tenure.between(10, 12),
        "large bills and hardly any use": (table["usage_hours"] < 8) & (bill > 30),
        "large bills": np.log(bill),
        "few months behind them": np.log1p(tenure),
    }
    return {name: np.asarray(column, float) for name, column in found.items()}


def scale(known: Array, hidden: Array) -> tuple[Array, Array]:
    """Return both on the known rows' scale, with ones in front."""
    mean, spread = known.mean(axis=0), known.std(axis=0)
    spread = np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1.0), spread, np.inf)
    both = [np.column_stack([np.ones(len(X)), (X - mean) / spread]) for X in (known, hidden)]
    return both[0], both[1]


def fit_logistic(known: Array, y: NDArray[np.int64], hidden: Array) -> Array:
    """Return probabilities of hidden rows, by Newton's method with a slight penalty."""
    known, hidden = scale(known, hidden)
    weights, penalty = np.zeros(known.shape[1]), 0.01
    for _ in range(12):
        p = 1 / (1 + np.exp(-np.clip(known @ weights, -30, 30)))
        bend = (known * (p * (1 - p))[:, None]).T @ known + penalty * np.eye(len(weights))
        weights = weights - np.linalg.solve(bend, known.T @ (p - y) + penalty * weights)
    told: Array = 1 / (1 + np.exp(-np.clip(hidden @ weights, -30, 30)))
    return told


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how many columns it took."""
    found: list[Any] = list(answers)
    names = ("bill_features", "churn_features")
    return {
        name: float(np.shape(answer["known"])[1])
        for name, answer, _case in zip(names, found, cases, strict=True)
    }
