"""Turn messages into numbers, and say which team has to answer them."""

import re
from collections import Counter
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Weights = dict[str, float]


def cut(text: str) -> list[str]:
    """Return the words of a text, in lower case, without marks."""
    return re.findall(r"[a-z]+", text.lower())


def learn(texts: list[str]) -> Weights:
    """Return the words that stand in two texts or more, and the weight of each."""
    n = len(texts)
    counts = Counter(word for text in texts for word in set(cut(text)))
    return {word: log((1 + n) / (1 + k)) + 1 for word, k in counts.items() if k > 1}


def weigh(texts: list[str], weights: Weights) -> NDArray[np.float64]:
    """Return one row for each text, one column for each word in alphabetical order."""
    place = {word: column for column, word in enumerate(sorted(weights))}
    table = np.zeros((len(texts), len(weights)))
    for row, text in enumerate(texts):
        for word in cut(text):
            if word in place:
                table[row, place[word]] += weights[word]
    length = np.sqrt((table**2).sum(axis=1, keepdims=True))
    return np.divide(table, length, out=table, where=length > 0)


def fit(texts: list[str], y: NDArray[np.int64]) -> dict[str, Any]:
    """Return the weights of the words, and a classifier of rows."""
    weights = learn(texts)
    return {"weights": weights, "rule": LogisticRegression(C=3).fit(weigh(texts, weights), y)}


def predict(model: dict[str, Any], texts: list[str]) -> NDArray[np.int64]:
    """Return the class of each text."""
    found: NDArray[np.int64] = model["rule"].predict(weigh(texts, model["weights"]))
    return found
