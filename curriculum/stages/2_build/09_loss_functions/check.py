"""Judges five losses, their slopes, and the constants that they prefer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields, read_numbers
from curriculum.material.bills import bills
from curriculum.material.churn import churn

ROWS = 60
FAR = 2000.0
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make errors near and far for each loss, and samples with a tail, typos, and two outcomes."""
    chance = np.random.default_rng([bench.seed, 209])
    days = chance.gamma(2.0, 1.5, 301)
    paid = bills(301, seed=bench.seed).y
    # Two bills were typed in cents.
    paid[:2] *= 100.0
    left = churn(301, seed=bench.seed).y.astype(float)
    delta, high = float(chance.uniform(2, 8)), float(chance.choice([0.8, 0.9, 0.95]))
    y = chance.normal(20, 5, ROWS)
    z = y + np.concatenate([chance.normal(0, 1, ROWS // 2), chance.normal(0, 20, ROWS // 2)])
    odds = chance.normal(0, 2.5, ROWS)
    outcome = (chance.random(ROWS) < 0.4).astype(float)
    # Ends are certain: what happened there is what was and was not expected.
    outcome[:4], far = [1, 0, 1, 0], odds.copy()
    far[:4] = [FAR, FAR, -FAR, -FAR]
    return [
        Case("squared: bills", ("squared", y, z, paid, None)),
        Case("absolute: bills, two of them typed in cents", ("absolute", y, z, paid, None)),
        Case("huber: bills, two of them typed in cents", ("huber", y, z, paid, delta)),
        Case("quantile: days until a delivery", ("quantile", y, z, days, high)),
        Case("log: who leaves", ("log", outcome, odds, left, None)),
        Case("log: answers that are very sure", ("log", outcome, far, left, None)),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Compare losses, then slopes, then the constant."""
    kind, y, z, sample, knob = case.arguments
    failure = read_fields(answer, ("loss", "slope", "constant"), where="The three functions.")
    if failure or not isinstance(answer, dict):
        return failure
    overflow = "A sure answer must not overflow: which part of the sum counts when z is large?"
    for name, right in (("loss", loss(kind, y, z, knob)), ("slope", slope(kind, y, z, knob))):
        told = read_numbers(
            answer[name],
            y.shape,
            what=f"{name} of each row",
            where=overflow if np.abs(z).max() >= FAR else f"What `{name}` returns.",
        )
        if isinstance(told, Failure):
            return told
        close = np.isclose(told, right, rtol=1e-6, atol=1e-8)
        if close.all():
            continue
        row = int(np.flatnonzero(~close)[0])
        return Failure(
            expected=f"{kind}, y = {y[row]:.4g}, z = {z[row]:.4g}: {name} = {right[row]:.6g}",
            observed=f"{told[row]:.6g}",
            where=tell_loss(case, told, close) if name == "loss" else tell_slope(told, right),
        )
    return judge_constant(kind, sample, knob, answer["constant"])


def tell_loss(case: Case, told: Array, close: NDArray[np.bool_]) -> str:
    """Say what a wrong loss usually comes from."""
    kind, y, z, _sample, knob = case.arguments
    if kind != "squared" and np.allclose(told, (y - z) ** 2):
        return "This one grows with its square: one error of ten counts like a hundred of one."
    if kind == "huber" and close[np.abs(y - z) <= knob].all():
        return (
            "The two pieces are to meet at `knob`: what is the square worth there, and what the "
            "straight line?"
        )
    if kind == "quantile" and np.allclose(told, loss(kind, z, y, knob)):
        return (
            "It is the other way round: with a knob of 0.9, to answer too little costs nine times "
            "as much as to answer too much."
        )
    if kind == "log":
        return "z are log-odds, no probabilities. A probability of 0.5 has z = 0 and costs log(2)."
    return "The docstring says what an error costs."


def tell_slope(told: Array, right: Array) -> str:
    """Say what a wrong slope usually comes from."""
    if np.allclose(told, -right, rtol=1e-6, atol=1e-8):
        return (
            "This is the wrong direction: when the answer is too large, a larger one is worse, so "
            "the slope is above zero. Who follows it downhill walks up."
        )
    return "Move z by 0.0001 and see by how much your own loss changes: that is the slope."


def judge_constant(kind: str, sample: Array, knob: float | None, told: object) -> Failure | None:
    """Return a failure when another constant has a clearly smaller mean loss."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not np.isfinite(told):
        return Failure(
            expected="a finite number",
            observed=name_type(told),
            where="What `best_constant` returns.",
        )
    best = find_constant(kind, sample, knob)
    costs = [float(loss(kind, sample, np.full(len(sample), z), knob).mean()) for z in (told, best)]
    if costs[0] <= costs[1] * (1 + 1e-6) + 1e-12:
        return None
    if kind != "squared" and np.isclose(told, sample.mean()):
        where = (
            "Not each of these losses likes the mean. Which number does this one settle on? Where "
            "its mean slope is zero."
        )
    else:
        where = "At the best constant the mean of your own slopes changes its sign."
    return Failure(
        expected=f"a constant with a mean loss of {costs[1]:.6g}, such as {best:.4f}",
        observed=f"{told:.4f}, with a mean loss of {costs[0]:.6g}",
        where=where,
    )


def find_constant(kind: str, sample: Array, knob: float | None) -> float:
    """Find where the mean slope changes its sign."""
    low, high = (-40.0, 40.0) if kind == "log" else (float(sample.min()), float(sample.max()))
    for _ in range(60):
        middle = (low + high) / 2
        if slope(kind, sample, np.full(len(sample), middle), knob).mean() > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def loss(kind: str, y: Array, z: Array, knob: float | None) -> Array:
    """Return the loss of each row."""
    error = y - z
    far = np.abs(error)
    if kind == "squared":
        return np.asarray(error**2)
    if kind == "absolute":
        return np.asarray(far)
    if kind == "huber" and knob is not None:
        near = np.minimum(far, knob)
        return np.asarray(near**2 / 2 + knob * (far - near))
    if kind == "quantile" and knob is not None:
        return np.asarray(np.maximum(knob * error, (knob - 1) * error))
    return np.asarray(np.logaddexp(0.0, z) - y * z)


def slope(kind: str, y: Array, z: Array, knob: float | None) -> Array:
    """Return the derivative by z; no row of the cases lies at a corner."""
    error = z - y
    if kind == "squared":
        return np.asarray(2 * error)
    if kind == "absolute":
        return np.asarray(np.sign(error))
    if kind == "huber" and knob is not None:
        return np.asarray(np.clip(error, -knob, knob))
    if kind == "quantile" and knob is not None:
        return np.asarray(np.where(error > 0, 1 - knob, -knob))
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z > 0, 1.0, small) / (1 + small) - y)


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the constants that three losses prefer on the same bills."""
    found: dict[str, Any] = {
        case.name.partition(":")[0]: answer for case, answer in zip(cases, answers, strict=True)
    }
    kinds = ("squared", "absolute", "huber")
    return {f"{kind}_constant_eur": round(float(found[kind]["constant"]), 2) for kind in kinds}
