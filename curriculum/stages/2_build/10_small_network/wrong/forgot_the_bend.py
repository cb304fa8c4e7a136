"""Wrong: the error goes back to the hidden layer, but not through tanh."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS, RATE, MOMENTUM = 400, 0.3, 0.9


def forward(X: Array, weights: list[Array]) -> Array:
    """Return the probability of each class."""
    return _look(X, weights)[1]


def loss_and_gradients(
    X: Array, y: NDArray[np.int64], weights: list[Array]
) -> tuple[float, list[Array]]:
    """Return the mean cross-entropy, and how it changes with each weight."""
    n = len(X)
    hidden, probability = _look(X, weights)
    right = probability[np.arange(n), y]
    loss = -float(np.log(np.maximum(right, np.finfo(float).tiny)).mean())
    error = probability.copy()  # (n, classes): the loss, by the scores
    error[np.arange(n), y] -= 1
    error /= n
    back = (error @ weights[2].T)  # (n, hidden): by what goes into tanh
    return loss, [X.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


def train(X: Array, y: NDArray[np.int64], classes: int, hidden: int, seed: int) -> list[Array]:
    """Return weights that fit these rows."""
    chance = np.random.default_rng(seed)
    weights = [
        chance.normal(0, 1 / np.sqrt(X.shape[1]), (X.shape[1], hidden)),
        np.zeros(hidden),
        chance.normal(0, 1 / np.sqrt(hidden), (hidden, classes)),
        np.zeros(classes),
    ]
    speed = [np.zeros_like(each) for each in weights]
    for _ in range(STEPS):
        _, gradients = loss_and_gradients(X, y, weights)
        pairs = zip(speed, gradients, strict=True)
        speed = [MOMENTUM * each - RATE * slope for each, slope in pairs]
        weights = [each + step for each, step in zip(weights, speed, strict=True)]
    return weights


def _look(X: Array, weights: list[Array]) -> tuple[Array, Array]:
    """Return the hidden values (n, hidden) and the probabilities (n, classes)."""
    W1, b1, W2, b2 = weights
    hidden = np.tanh(X @ W1 + b1)
    scores = hidden @ W2 + b2
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, raised / raised.sum(axis=1, keepdims=True)
