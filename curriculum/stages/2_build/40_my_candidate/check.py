"""Judges `build`: on hidden customers, on other tasks, then by a run of the deployed system."""

from typing import Any

import numpy as np
import pandas as pd

from core import keys
from curriculum.checker.bench import Bench, Case, Failure
from curriculum.material.churn import NUMERIC, STRINGS, Churn, churn
from curriculum.material.deployed import follow_run, read_json, read_run, require_part

ROWS = 900
HIDDEN = 1500
SHARE = 0.65
Facts = dict[str, Any]


def prepare(bench: Bench) -> list[Case]:
    """Make customers with their true chances of leaving, which nobody has in real life."""
    known = churn(ROWS, seed=bench.seed)
    hidden = churn(HIDDEN, seed=bench.seed, start=ROWS)
    X, Z = to_matrix(known), to_matrix(hidden)
    holes = np.isnan(X).any(axis=0)
    full, full_hidden = X[:, ~holes], Z[:, ~holes]
    facts = describe("binary", ["no", "yes"], bench.seed, len(X))
    bills = np.nan_to_num(X[:, 0]) * 3.0 + np.nan_to_num(X[:, 1]) - 2.0 * known.probability
    thirds = np.digitize(known.probability, np.quantile(known.probability, [1 / 3, 2 / 3]))
    chances = hidden.probability
    y = known.y.astype(float)
    return [
        Case("customers without missing values", ("fit", facts, full, y, full_hidden), chances),
        Case("customers with missing values", ("fit", facts, X, y, Z), chances),
        Case(
            "a number to predict",
            ("fit", describe("regression", [], bench.seed, len(X)), X, bills, Z[:50]),
            "number",
        ),
        Case(
            "three classes",
            ("fit", describe("multiclass", ["a", "b", "c"], bench.seed, len(X)), X, thirds, Z[:50]),
            "classes",
        ),
        Case("the same rows twice", ("twice", facts, X, y, Z[:50]), "same"),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Judge what was built, by what it answers."""
    if not isinstance(answer, dict):  # the driver always answers with a dict
        return Failure(expected="an estimator", observed="none", where="The end of `build`.")
    if "refused" in answer:
        return Failure(
            expected="an estimator of scikit-learn that the system can export and serve",
            observed=answer["refused"],
            where="What `build` returns, and each step of it.",
        )
    if "broke" in answer:
        what = case.name if isinstance(case.expected, str) else "rows with missing values"
        return Failure(
            expected=f"a model that can be fitted to {what}",
            observed=f"fit stopped: {answer['broke']}",
            where='facts["task"] says what the target is; NaN in the matrix means missing.',
        )
    if isinstance(case.expected, str):
        return judge_answers(case, answer["answers"])
    return judge_worth(np.asarray(answer["answers"][0]), case.expected)


def judge_worth(told: Any, chances: Any) -> Failure | None:  # noqa: ANN401
    """Compare probabilities with the true ones: what share of their variance is explained."""
    share = 1 - np.mean((told - chances) ** 2) / np.var(chances)
    if share >= SHARE:
        return None
    return Failure(
        expected="a model that explains at least 65% of what makes hidden customers differ",
        observed=f"it explains {max(share, 0):.0%}",
        where="The kind of model that `build` returns, and its settings: too simple, or too free?",
    )


def judge_answers(case: Case, answers: list[Any]) -> Failure | None:
    """Judge the shape of answers, or that two models are one."""
    rows = len(case.arguments[4])
    if case.expected == "same":
        if np.array_equal(answers[0], answers[1]):
            return None
        return Failure(
            expected="the same answers from two models of the same rows and the same seed",
            observed="`build` makes another model from the same rows",
            where='Every random choice: random_state=facts["seed"].',
        )
    found = np.asarray(answers[0])
    shape = (rows,) if case.expected == "number" else (rows, 3)
    whole = case.expected == "number" and len(np.unique(found)) <= 1
    if found.shape != shape or not np.isfinite(found).all() or whole:
        return Failure(
            expected=f"an answer for each of {rows} rows",
            observed=f"numbers of shape {found.shape}, {len(np.unique(found))} different ones",
            where='facts["task"] says what the target is.',
        )
    return None


def probe(bench: Bench) -> Failure | None:
    """Train in the deployed system, and see how the candidate `mine` fared."""
    sha256 = require_part(bench, "candidate")
    model = bench.live.default_model
    run_id = str(follow_run(bench, model, "train", "--data", model)["run_id"])
    spec = read_run(bench, run_id, "spec.json")
    if spec.get("parts", {}).get("candidate") != sha256:
        return Failure(
            expected="a run in which your candidate took part",
            observed="one without it, or with another file",
            where=f"loop runs {run_id}; loop status says which parts are yours.",
        )
    result = read_json(bench, keys.run_candidate(run_id, "mine", "result.json"))
    if result["status"] != "ok":
        return Failure(
            expected="a candidate that was fitted, exported and judged",
            observed=str(result["reason"]),
            where=f"loop runs {run_id}",
        )
    loss = float(result["cross_validated_loss"])
    bench.metrics["cross_validated_loss"] = loss
    return None


def describe(task: str, classes: list[str], seed: int, rows: int) -> Facts:
    """Return what `build` is told."""
    return {
        "task": task,
        "classes": classes,
        "numbers": list(NUMERIC),
        "categories": list(STRINGS),
        "texts": [],
        "rows": rows,
        "seed": seed % 2**32,
    }


def to_matrix(customers: Churn) -> Any:  # noqa: ANN401
    """Return the matrix that the system would make: numbers, then a column for each level."""
    levels = pd.get_dummies(
        customers.X[list(STRINGS)].astype(
            {name: pd.CategoricalDtype(LEVELS[name]) for name in STRINGS}
        ),
        dtype=float,
    )
    return np.hstack([customers.X[list(NUMERIC)].to_numpy(float), levels.to_numpy(float)])


LEVELS = {name: sorted(churn(400, seed=0).X[name].dropna().unique()) for name in STRINGS}
