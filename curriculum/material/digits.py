"""Images: the 8 by 8 handwritten digits that come with scikit-learn, in an order of the seed."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

ROWS = 1797


@dataclass(frozen=True, slots=True)
class Digits:
    """`n` images.

    Attributes
    ----------
    X : float array of shape (n, 64)
        Brightness from 0 to 16, row by row.
    y : int array of shape (n,)
        The digit.
    """

    X: NDArray[np.float64]
    y: NDArray[np.int64]


def digits(rows: int = ROWS, *, seed: int) -> Digits:
    """Choose `rows` of the 1,797 images."""
    X, y = _load()
    chosen = np.random.default_rng([seed, 8]).permutation(ROWS)[:rows]
    return Digits(X[chosen], y[chosen])


@cache
def _load() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    X, y = load_digits(return_X_y=True)
    return np.asarray(X, np.float64), np.asarray(y, np.int64)
