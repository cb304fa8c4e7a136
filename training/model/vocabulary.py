"""Model inputs as one matrix of numbers, so that scikit-learn's own transformers can read them.

A category becomes its place in the list of the training rows' categories, a text becomes counts of
their most frequent words. That is a name and no knowledge: which categories a fold knows, and what
they and the words are worth, its encoders learn by themselves.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.inputs import ModelInputs
from training.model.words import Lexicon, learn_lexicons

MAX_LEVELS = 20_000
"""Of a column with more categories, the most frequent are kept; the others read as unseen."""

UNSEEN = -1.0
"""Stands for a category that no training row holds."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The categories and the words of the training rows.

    Attributes
    ----------
    numeric_width : int
        Number of numeric columns, k.
    levels : tuple of tuple of str
        For each of m categorical columns its categories; ``""`` is missing.
    lexicons : tuple of Lexicon
        For each of the text columns the words that are read in it, w in all.
    """

    numeric_width: int
    levels: tuple[tuple[str, ...], ...]
    lexicons: tuple[Lexicon, ...] = ()

    @property
    def word_counts(self) -> tuple[int, ...]:
        """How many words are read in each text column."""
        return tuple(len(lexicon.words) for lexicon in self.lexicons)

    def encode(self, inputs: ModelInputs) -> NDArray[np.float32]:
        """Return the matrix of shape (n, k + m + w).

        Numbers are as they are; then come places of categories; then counts of words, column by
        column.
        """
        places = self.numeric_width + len(self.levels)
        matrix = np.empty((len(inputs), places + sum(self.word_counts)), np.float32)
        matrix[:, : self.numeric_width] = inputs.numeric
        for place, levels in enumerate(self.levels):
            column = matrix[:, self.numeric_width + place]
            column[:] = UNSEEN
            if levels:
                code_of = {level: float(code) for code, level in enumerate(levels)}
                column[:] = [
                    code_of.get(cell, UNSEEN) for cell in inputs.strings[:, place].tolist()
                ]
        ends = np.cumsum([places, *self.word_counts])
        for place, lexicon in enumerate(self.lexicons):
            texts = inputs.strings[:, len(self.levels) + place].tolist()
            matrix[:, ends[place] : ends[place + 1]] = lexicon.count(texts)
        return matrix


def learn_vocabulary(inputs: ModelInputs, contract: Contract) -> Vocabulary:
    """List the categories and the words of the training rows.

    Categories come in the order of the data contract where it names them, so that a person can give
    small, middle and large their order there; the others follow by name.
    """
    columns = [column.tolist() for column in inputs.strings.T]
    declared = [column.categories or () for column in contract.categorical_columns]
    return Vocabulary(
        numeric_width=inputs.numeric.shape[1],
        levels=tuple(
            _list_levels(column, names) for column, names in zip(columns, declared, strict=False)
        ),
        lexicons=learn_lexicons(columns[len(declared) :], rows=len(inputs)),
    )


def make_blind_vocabulary(contract: Contract) -> Vocabulary:
    """Return the vocabulary of a candidate that reads nothing: all is unseen to it."""
    return Vocabulary(
        numeric_width=len(contract.numeric_columns),
        levels=((),) * len(contract.categorical_columns),
        lexicons=(Lexicon((), ()),) * len(contract.text_columns),
    )


def _list_levels(column: list[str], declared: tuple[str, ...]) -> tuple[str, ...]:
    counts = Counter(column)
    # Ties are broken by name, so that the order of the rows changes nothing.
    ranked = sorted(counts, key=lambda level: (-counts[level], level))[:MAX_LEVELS]
    order = {level: place for place, level in enumerate(declared)}
    return tuple(sorted(ranked, key=lambda level: (order.get(level, len(order)), level)))
