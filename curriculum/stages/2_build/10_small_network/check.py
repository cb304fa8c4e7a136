"""Judges a network by its probabilities, its slopes, and what it learns that no line can."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_numbers

Array = NDArray[np.float64]
NAMES = ("W1", "b1", "W2", "b2")
LEAST = 0.85
HIDDEN = 12
BEND = (
    "It is as if the hidden layer had no bend: on its way back the error passes tanh, whose "
    "slope is one minus the square of its value."
)


def prepare(bench: Bench) -> list[Case]:
    """Make a small network with random weights, and a ring of rows to learn."""
    chance = np.random.default_rng([bench.seed, 10])
    X, y = chance.normal(size=(9, 4)), chance.integers(0, 3, 9)
    weights = make_weights(chance, 4, 5, 3)
    far = 400 * chance.normal(size=(9, 4))
    steep = [1000 * each for each in make_weights(chance, 4, 5, 3)]
    rows, side = make_ring(chance, 240)
    hidden_rows, hidden_side = make_ring(chance, 400)
    one = (X[:1], y[:1], weights)
    return [
        Case("probabilities", ("forward", X, y, weights), solve(X, y, weights)),
        Case("large inputs and weights", ("forward", far, y, steep), solve(far, y, steep)),
        Case("the slopes of one row", ("gradients", *one), solve(*one)),
        Case("the slopes of nine rows", ("gradients", X, y, weights), solve(X, y, weights)),
        Case(
            "a ring around a disc, which no line separates",
            ("train", rows, side, [HIDDEN, int(chance.integers(10**6)), hidden_rows]),
            hidden_side,
        ),
    ]


def make_weights(
    chance: np.random.Generator, inputs: int, hidden: int, classes: int
) -> list[Array]:
    """Draw weights of a network."""
    shapes: list[tuple[int, ...]] = [(inputs, hidden), (hidden,), (hidden, classes), (classes,)]
    return [0.7 * chance.normal(size=shape) for shape in shapes]


def make_ring(chance: np.random.Generator, rows: int) -> tuple[Array, NDArray[np.int64]]:
    """Draw points in a disc (0) and in a ring around it (1), half of each."""
    side = (np.arange(rows) % 2).astype(np.int64)
    radius = np.where(side == 1, chance.uniform(1.3, 2.0, rows), chance.uniform(0, 1.0, rows))
    angle = chance.uniform(0, 2 * np.pi, rows)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), side


def solve(X: Array, y: NDArray[np.int64], weights: Sequence[Array]) -> dict[str, Any]:
    """Work out probabilities, the loss and its slopes, and the slopes without a bend."""
    W1, b1, W2, b2 = weights
    hidden = np.tanh(X @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    probability = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    every = np.arange(len(X))
    with np.errstate(divide="ignore"):
        loss = -np.log(probability[every, y]).mean()
    error = (probability - np.eye(len(b2))[y]) / len(X)
    back = error @ W2.T
    bent = back * (1 - hidden**2)
    last = [hidden.T @ error, error.sum(axis=0)]
    return {
        "probability": probability,
        "loss": float(loss),
        "gradients": [X.T @ bent, bent.sum(axis=0), *last],
        "unbent": [X.T @ back, back.sum(axis=0), *last],
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Compare probabilities and slopes; look at what was learned."""
    told: dict[str, Any] = answer if isinstance(answer, dict) else {}
    if case.arguments[0] == "forward":
        return judge_probabilities(case, told)
    if case.arguments[0] == "gradients":
        return judge_gradients(case, told)
    return judge_training(case, told)


def judge_probabilities(case: Case, told: Mapping[str, Any]) -> Failure | None:
    """Compare with the right ones."""
    right = case.expected["probability"]
    where = "`forward`: tanh, then softmax over each row."
    if case.name.startswith("large"):
        where = (
            "`forward` for large inputs: exp() of 800 is infinite. Take something away from all "
            "scores of a row that leaves its probabilities as they are."
        )
    found = read_numbers(
        told.get("probability"), right.shape, what="one probability for each class", where=where
    )
    if isinstance(found, Failure):
        return found
    wrong = ~np.isclose(found, right, rtol=1e-6, atol=1e-9)
    if not wrong.any():
        return None
    row, k = np.argwhere(wrong)[0]
    return Failure(
        expected=f"probability {right[row, k]:.6f} of class {k} in row {row}",
        observed=f"{found[row, k]:.6f}",
        where=where,
    )


def judge_gradients(case: Case, told: Mapping[str, Any]) -> Failure | None:
    """Compare the loss and each array of slopes, the last layer first."""
    right = case.expected
    loss = read_numbers(
        told.get("loss"), (), what="the mean loss, one number", where="`loss_and_gradients`."
    )
    if isinstance(loss, Failure):
        return loss
    if not np.isclose(float(loss), right["loss"], rtol=1e-6):
        return Failure(
            expected=f"a loss of {right['loss']:.6f}",
            observed=f"{float(loss):.6f}",
            where="Minus the logarithm of the right class's probability, the mean over the rows.",
        )
    slopes = told.get("gradients")
    if not isinstance(slopes, list) or len(slopes) != 4:
        return Failure(
            expected="four arrays of slopes", observed=name_type(slopes), where="What is returned."
        )
    for place in (3, 2, 1, 0):
        failure = judge_slope(case, place, slopes[place])
        if failure:
            return failure
    return None


def judge_slope(case: Case, place: int, told: object) -> Failure | None:
    """Compare the slopes of one array of weights."""
    name, right = NAMES[place], case.expected["gradients"][place]
    unbent = case.expected["unbent"][place]
    rows = len(case.arguments[1])
    found = read_numbers(
        told, right.shape, what=f"a slope for each weight in {name}", where="In `weights`' shapes."
    )
    if isinstance(found, Failure):
        return found
    if np.allclose(found, right, rtol=1e-5, atol=1e-8):
        return None
    at = np.unravel_index(np.abs(found - right).argmax(), right.shape)
    spot = f"{name}[{', '.join(str(int(each)) for each in at)}]"
    where = f"Move {spot} by a millionth, and look how far the loss moves: that is its slope."
    observed = f"a slope of {found[at]:.5f}"
    if not found.any():
        observed = "the hidden layer's weights say that nothing would change"
        where = "Every slope is 0. How does the loss hear of the first layer? " + where
    elif np.allclose(found, rows * right, rtol=1e-5, atol=1e-8):
        where = "The loss is a mean over the rows, and this slope grows with the number of rows."
    elif place < 2 and np.allclose(found, unbent, rtol=1e-5, atol=1e-8):
        where = BEND
    return Failure(expected=f"a slope of {right[at]:.5f} at {spot}", observed=observed, where=where)


def judge_training(case: Case, told: Mapping[str, Any]) -> Failure | None:
    """Ask what it says of hidden rows, and whether it says it again."""
    side = case.expected
    found = read_numbers(
        told.get("probability"),
        (len(side), 2),
        what="one probability for each class",
        where="`forward` with the weights that `train` returned.",
    )
    if isinstance(found, Failure):
        return found
    again = np.asarray(told.get("again"), dtype=np.float64)
    if not np.allclose(found, again, atol=1e-12):
        return Failure(
            expected="the same network from the same seed",
            observed=f"probabilities that differ by up to {np.abs(found - again).max():.3f}",
            where="`train`: what is drawn that does not come from `seed`?",
        )
    right = float((found.argmax(axis=1) == side).mean())
    if right >= LEAST:
        return None
    where = "`train`: more steps, or larger ones? Does the loss fall from step to step?"
    if are_alike(told.get("weights")):
        where = (
            "After training all hidden units say the same, so there is only one of them. What "
            "told them apart at the beginning?"
        )
    return Failure(
        expected=f"at least {LEAST:.0%} of the hidden rows right",
        observed=f"{right:.0%}",
        where=where,
    )


def are_alike(weights: object) -> bool:
    """Say whether all hidden units have the same weights."""
    first = np.asarray(weights[0]) if isinstance(weights, list) and weights else np.zeros(0)
    return first.ndim == 2 and np.allclose(first, first[:, :1], atol=1e-6)


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the share of hidden rows that it has right."""
    last: Any = answers[-1]
    found = np.asarray(last["probability"]).argmax(axis=1)
    return {"hidden_rows_right": round(float((found == cases[-1].expected).mean()), 4)}
