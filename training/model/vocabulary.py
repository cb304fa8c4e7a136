"""Model inputs as one matrix of numbers, so that scikit-learn's own transformers can read them.

A category becomes its place in the list of the training rows' categories. That is a name and no
knowledge: which categories a fold knows, and what they are worth, its encoders learn by themselves.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.inputs import ModelInputs

MAX_LEVELS = 20_000
"""Of a column with more categories, the most frequent are kept; the others read as unseen."""

UNSEEN = -1.0
"""Stands for a category that no training row holds."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The categories of the training rows.

    Attributes
    ----------
    numeric_width : int
        Number of numeric columns, k.
    levels : tuple of tuple of str
        For each of m string columns its categories; ``""`` is missing.
    """

    numeric_width: int
    levels: tuple[tuple[str, ...], ...]

    def encode(self, inputs: ModelInputs) -> NDArray[np.float32]:
        """Return the matrix of shape (n, k + m): numbers as they are, then places of categories."""
        matrix = np.empty((len(inputs), self.numeric_width + len(self.levels)), np.float32)
        matrix[:, : self.numeric_width] = inputs.numeric
        for place, levels in enumerate(self.levels):
            code_of = {level: float(code) for code, level in enumerate(levels)}
            codes = [code_of.get(level, UNSEEN) for level in inputs.strings[:, place].tolist()]
            matrix[:, self.numeric_width + place] = codes
        return matrix


def learn_vocabulary(inputs: ModelInputs, contract: Contract) -> Vocabulary:
    """List the categories of the training rows.

    They come in the order of the data contract where it names them, so that a person can give
    small, middle and large their order there; the others follow by name.
    """
    declared = [column.categories or () for column in contract.string_columns]
    return Vocabulary(
        numeric_width=inputs.numeric.shape[1],
        levels=tuple(
            _list_levels(inputs.strings[:, place].tolist(), declared[place])
            for place in range(inputs.strings.shape[1])
        ),
    )


def _list_levels(column: list[str], declared: tuple[str, ...]) -> tuple[str, ...]:
    counts = Counter(column)
    # Ties are broken by name, so that the order of the rows changes nothing.
    ranked = sorted(counts, key=lambda level: (-counts[level], level))[:MAX_LEVELS]
    order = {level: place for place, level in enumerate(declared)}
    return tuple(sorted(ranked, key=lambda level: (order.get(level, len(order)), level)))
