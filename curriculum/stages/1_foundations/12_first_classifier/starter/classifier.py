"""Predict a probability from numbers."""

import numpy as np


def fit(X, y):
    """Learn a logistic regression: the weights with the smallest mean log loss.

    X   float array of shape (n, k), nothing missing; the columns have scales of their own
    y   array of shape (n,): 1 for a customer who left, 0 for one who stayed

    Return whatever `predict` needs, all of it learned from these rows.
    """
    return np.mean(y)


def predict(learned, X):
    """Predict.

    learned   what `fit` returned
    X         float array of shape (m, k): other rows, perhaps far outside of what `fit` has seen

    Return a float array of shape (m,): each row's probability of leaving, from 0 to 1.
    """
    return np.full(len(X), learned)
