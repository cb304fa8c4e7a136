"""Judges `fit` by what it predicts, and `choose` by rows that were put aside."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import show_value
from curriculum.material.answers import read_fields, read_numbers
from curriculum.material.bills import bills

ROWS, HIDDEN, NOISE, FOLDS = 60, 300, 37, 5
STRENGTHS = [0.001, 0.03, 0.3, 1.0, 3.0, 100.0]
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make bills with a few columns and with forty, in euros and in other units."""
    chance = np.random.default_rng([bench.seed, 309])
    made = bills(ROWS + HIDDEN, seed=bench.seed)
    known = made.X[["usage_hours", "tenure_months", "has_discount"]].to_numpy(np.float64)
    wide = np.column_stack([known, chance.standard_normal((len(known), NOISE))])
    units = np.exp(chance.normal(0, 3, wide.shape[1]))
    y = made.y.astype(np.float64)
    fold = chance.permutation(np.arange(ROWS) % FOLDS)
    return [
        make_case("three columns", known, y, fold),
        make_case("forty columns, most of them noise", wide, y, fold),
        make_case("the same, each column in another unit", wide * units, y, fold),
        make_case("bills that are 10,000 euros higher", wide, y + 10_000, fold),
    ]


def make_case(name: str, X: Array, y: Array, fold: NDArray[np.int64]) -> Case:
    """Keep hidden rows back, to measure what shrinking does."""
    arguments = (X[:ROWS], y[:ROWS], STRENGTHS, fold)
    return Case(name, arguments, (X[ROWS:], y[ROWS:]))


def fit(X: Array, y: Array, strength: float, *, is_scaled: bool = True) -> tuple[float, Array]:
    """Fit by the same price, as rows that are added to the data: each says that a weight is 0."""
    means = X.mean(axis=0)
    spreads = X.std(axis=0) if is_scaled else np.ones(X.shape[1])
    columns = (X - means) / spreads
    prices = np.sqrt(strength * len(X)) * np.eye(X.shape[1])
    rows = np.vstack([columns, prices])
    target = np.append(y - y.mean(), np.zeros(X.shape[1]))
    weights = np.linalg.lstsq(rows, target, rcond=None)[0] / spreads
    return float(y.mean() - means @ weights), weights


def validate(X: Array, y: Array, strength: float, fold: NDArray[np.int64]) -> float:
    """Return the mean squared error of rows that a fit has not seen."""
    squared = np.zeros(len(y))
    for each in range(FOLDS):
        held = fold == each
        start, weights = fit(X[~held], y[~held], strength)
        squared[held] = (start + X[held] @ weights - y[held]) ** 2
    return float(squared.mean())


def judge(case: Case, answer: object) -> Failure | None:
    """Compare predictions for known and for hidden rows, strength by strength; then the choice."""
    X, y, strengths, fold = case.arguments
    hidden, _ = case.expected
    answer = plain(answer)
    failure = read_fields(answer, ("fits", "chosen"), where="What is returned.")
    if failure or not isinstance(answer, dict):
        return failure
    for strength, told in zip(strengths, answer["fits"], strict=True):
        if not isinstance(told, list) or len(told) != 2:
            return Failure(
                expected="(start, weights)", observed="something else", where="What `fit` returns."
            )
        where = "What `fit` returns: (start, weights)."
        start = read_numbers(told[0], (), what="a start", where=where)
        weights = read_numbers(told[1], (X.shape[1],), what="a weight for each column", where=where)
        if isinstance(start, Failure):
            return start
        if isinstance(weights, Failure):
            return weights
        failure = judge_fit(float(start), weights, X, y, hidden, strength)
        if failure:
            return failure
    return judge_choice(answer["chosen"], X, y, strengths, fold)


def judge_fit(
    start: float, weights: Array, X: Array, y: Array, hidden: Array, strength: float
) -> Failure | None:
    """Compare predictions, and name where wrong ones come from."""
    rows = np.vstack([X, hidden])
    right_start, right = fit(X, y, strength)
    found, wanted = start + rows @ weights, right_start + rows @ right
    room = 1e-5 * float(y.std())
    if np.abs(found - wanted).max() <= room:
        return None
    spreads = X.std(axis=0)
    free_start, free = fit(X, y, 0.0)
    raw_start, raw = fit(X, y, strength, is_scaled=False)
    if np.abs(rows @ (weights - right)).max() <= room:
        where = (
            "The weights are right, and the start shrinks with them. It has no price: a business "
            "with bills of 10,000 euros is not less likely than one with bills of 10."
        )
    elif np.abs(weights - right * spreads).max() <= 1e-6 * np.abs(weights).max():
        where = (
            "These are the weights of the scaled columns. Give them back in the units of X: divide "
            "each by its column's spread, and mend the start."
        )
    elif np.abs(found - (raw_start + rows @ raw)).max() <= room:
        where = (
            "Here the price depends on units. Cents instead of euros make a weight a hundred times "
            "smaller, and ten thousand times cheaper. Scale the columns first."
        )
    elif np.abs(found - (free_start + rows @ free)).max() <= room:
        where = (
            "Without a price on weights the errors of these rows alone decide. Add the price to "
            "what is minimised."
        )
    else:
        where = "Minimise the mean (not the sum) of the squared errors, plus the price."
    size = float(np.sum((right * spreads) ** 2))
    told = float(np.sum((weights * spreads) ** 2))
    far = int(np.abs(found - wanted).argmax())
    return Failure(
        expected=f"strength {strength:g}: a prediction of {wanted[far]:.3f}, and squared weights "
        f"of {size:.4g} in all",
        observed=f"a prediction of {found[far]:.3f}, and {told:.4g}",
        where=where,
    )


def judge_choice(
    told: object, X: Array, y: Array, strengths: Sequence[float], fold: NDArray[np.int64]
) -> Failure | None:
    """Compare the chosen strength."""
    errors = {strength: validate(X, y, strength, fold) for strength in strengths}
    best = min(errors, key=lambda strength: errors[strength])
    if told in errors and errors[float(str(told))] <= errors[best] * (1 + 1e-9):
        return None
    training = min(strengths)
    return Failure(
        expected=f"strength {best:g}: a squared error of {errors[best]:.2f} on rows put aside",
        observed=f"{show_value(told)}"
        + (f": {errors[float(str(told))]:.2f}" if told in errors else ", which is none of them"),
        where="On the rows that were fitted, the error always likes the smallest strength. Each "
        "fold is to be predicted by a fit that has not seen it."
        if told == training
        else "One squared error for each row, by the fit on the other folds; then their mean.",
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the error on hidden rows, with hardly a price and with the chosen one."""
    X, y, strengths, _fold = cases[1].arguments
    hidden, truth = cases[1].expected
    chosen = float(plain(answers[1])["chosen"])
    found = {}
    for name, strength in (("least", strengths[0]), ("chosen", chosen)):
        start, weights = fit(X, y, strength)
        error = float(np.mean((start + hidden @ weights - truth) ** 2) ** 0.5)
        found[f"hidden_rmse_{name}"] = round(error, 2)
    return found
