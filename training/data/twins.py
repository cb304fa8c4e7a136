"""Near-duplicates: rows that are the same but for the last digits of numbers and for spelling.

A model that has seen a holdout row's twin knows the answer, and would be judged better than it is.
"""

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.inputs import ModelInputs

DIGITS: Final = 3
"""Significant digits of a number that twins share."""

CHANCE: Final = 0.01
"""Twins that a row may be expected to have by chance, and still be taken for a duplicate."""

_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)


def find_twins(
    inputs: ModelInputs, holdout: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the training rows that look like a holdout row.

    Parameters
    ----------
    inputs : ModelInputs
        Of n rows.
    holdout : bool array of shape (n,)
        Which of them are held out.

    Returns
    -------
    alike, duplicate : bool arrays of shape (n,)
        Training rows that agree with a holdout row in all columns; and those of them that do so
        hardly by chance. How often chance would do it is estimated from how frequent the row's
        values are, as if columns were independent of each other: where columns have few values,
        many rows agree that have nothing to do with each other.
    """
    codes = [_round_numbers(column) for column in inputs.numeric.T]
    codes += [_spell_alike(column) for column in inputs.strings.T]
    row_keys = _hash_rows(codes, len(inputs))
    alike = np.isin(row_keys, row_keys[holdout]) & ~holdout
    expected = np.full(len(inputs), float(len(inputs)))
    for column in codes:
        if not alike.any():
            break
        _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        expected *= counts[place] / len(inputs)
    return alike, alike & (expected < CHANCE)


def _round_numbers(column: NDArray[np.float32]) -> NDArray[np.uint64]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        numbers = column.astype(np.float64)
        digits = DIGITS - 1 - np.floor(np.log10(np.abs(numbers)))
        scale = 10.0 ** np.where(np.isfinite(digits), digits, 0.0)
        rounded = np.round(numbers * scale) / scale
    rounded = np.where(np.isnan(rounded), np.nan, rounded + 0.0)  # one NaN, and no minus zero
    return np.ascontiguousarray(rounded).view(np.uint64)


def _spell_alike(column: NDArray[np.object_]) -> NDArray[np.uint64]:
    codes: dict[str, int] = {}
    spelled = {text: " ".join(text.casefold().split()) for text in Counter(column.tolist())}
    code_of = {text: codes.setdefault(plain, len(codes)) for text, plain in spelled.items()}
    return np.array([code_of[text] for text in column.tolist()], dtype=np.uint64)


def _hash_rows(codes: list[NDArray[np.uint64]], n: int) -> NDArray[np.uint64]:
    """Mix the columns' codes into one number a row, by the steps of splitmix64.

    References
    ----------
    Steele, G. et al. (2014), "Fast splittable pseudorandom number generators", OOPSLA.
    """
    keys = np.zeros(n, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in codes:
            keys = (keys ^ column) + _MIXER
            keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            keys ^= keys >> np.uint64(31)
    return keys
