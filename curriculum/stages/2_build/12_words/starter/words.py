"""Turn messages into numbers, and say which team has to answer them."""

import re

import numpy as np


def cut(text):
    """Return the words of a text, in lower case, without marks."""
    return re.findall(r"[a-z]+", text.lower())


def learn(texts):
    """Return the words that stand in two texts or more, and the weight of each: a dict.

    A word's weight is ln((1 + n) / (1 + k)) + 1: n texts in all, in k of which the word stands.
    """
    counts = {}
    for text in texts:
        for word in set(cut(text)):
            counts[word] = counts.get(word, 0) + 1
    return {word: 1.0 for word, count in counts.items() if count > 1}


def weigh(texts, weights):
    """Return one row for each text, one column for each word of `weights`, in alphabetical order.

    A value is how often the word stands in the text, times the word's weight. Then each row is
    divided by its length (the root of the sum of its squares), so that long texts count no more.
    """
    place = {word: column for column, word in enumerate(sorted(weights))}
    table = np.zeros((len(texts), len(weights)))
    for row, text in enumerate(texts):
        for word in cut(text):
            if word in place:
                table[row, place[word]] += weights[word]
    length = np.sqrt((table**2).sum(axis=1, keepdims=True))
    return np.divide(table, length, out=table, where=length > 0)


def fit(texts, y):
    """Return a model that says which class a text belongs to; anything that `predict` understands.

    y   int array: 0, 1 or 2
    """
    return {"most": int(np.bincount(y).argmax())}


def predict(model, texts):
    """Return the class of each text: int array."""
    return np.full(len(texts), model["most"])
