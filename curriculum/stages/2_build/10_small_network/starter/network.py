"""A neural network with one hidden layer, in NumPy alone.

The weights are a list of four arrays: W1 (inputs, hidden), b1 (hidden,), W2 (hidden, classes),
b2 (classes,). The hidden layer is tanh(X W1 + b1), the outputs are softmax(hidden W2 + b2).
"""

import numpy as np


def forward(X, weights):
    """Return the probability of each class: array of shape (n, classes), rows sum to 1.

    X   float array of shape (n, inputs)
    """
    W1, b1, W2, b2 = weights
    hidden = np.tanh(X @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    raised = np.exp(scores)
    return raised / raised.sum(axis=1, keepdims=True)


def loss_and_gradients(X, y, weights):
    """Return the mean cross-entropy over the rows (natural logarithm), and a list of four arrays:
    how the loss changes with each weight, in the shapes of `weights`.

    y   int array of shape (n,): the right class of each row
    """
    W1, b1, W2, b2 = weights
    n = len(X)
    hidden = np.tanh(X @ W1 + b1)
    probability = forward(X, weights)
    loss = -np.log(probability[np.arange(n), y]).mean()
    error = probability.copy()
    error[np.arange(n), y] -= 1
    error /= n
    return loss, [np.zeros_like(W1), np.zeros_like(b1), hidden.T @ error, error.sum(axis=0)]


def train(X, y, classes, hidden, seed):
    """Return weights that fit these rows, with `hidden` hidden units; the same seed, the same weights."""
    chance = np.random.default_rng(seed)
    weights = [
        chance.normal(0, 1 / np.sqrt(X.shape[1]), (X.shape[1], hidden)),
        np.zeros(hidden),
        chance.normal(0, 1 / np.sqrt(hidden), (hidden, classes)),
        np.zeros(classes),
    ]
    for _ in range(300):
        _, gradients = loss_and_gradients(X, y, weights)
        weights = [each - 0.5 * gradient for each, gradient in zip(weights, gradients)]
    return weights
