"""Model inputs to the one matrix that an estimator takes, and nothing that serving cannot repeat.

The steps are few and plain because each is repeated as ONNX operators in `training.model.export`:
numbers are taken as they are (trees) or imputed, marked and scaled (linear models); strings become
one column for each category that training rows hold, a missing one included.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inputs import ModelInputs

MAX_CATEGORIES = 200
"""Of a column with more categories, the most frequent are kept; the others read as unknown."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a linear model reads its numeric columns; all arrays are float32 of shape (k_known,).

    Attributes
    ----------
    fill : array
        What stands for a missing value: the median of the training rows.
    center, scale : array
        A value x is read as (x - center) / scale.
    marked : integer array of shape (k_marked,)
        Columns with missing values in training: each adds a column that is 1 where it is missing.
    """

    fill: NDArray[np.float32]
    center: NDArray[np.float32]
    scale: NDArray[np.float32]
    marked: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """What was learned from training rows to turn model inputs into a matrix.

    Attributes
    ----------
    numeric_width : int
        Number of numeric columns, k.
    known : integer array of shape (k_known,)
        The numeric columns that have a value in any training row; the others are left out, because
        nothing can be learned of them (and scikit-learn's trees cannot bin them).
    scaling : Scaling or None
        None leaves numbers as they are, NaN included.
    categories : tuple of tuple of str
        For each string column the categories of the training rows, in order; ``""`` is missing.
        Any other category becomes a row of zeros.
    """

    numeric_width: int
    known: NDArray[np.int64]
    scaling: Scaling | None
    categories: tuple[tuple[str, ...], ...]

    def transform(self, inputs: ModelInputs) -> NDArray[np.float32]:
        """Return the matrix of shape (n, width): numbers, marks of missing ones, categories."""
        parts: list[NDArray[np.float32]] = []
        if self.known.size:
            parts += self._transform_numbers(inputs.numeric[:, self.known])
        for place, categories in enumerate(self.categories):
            column = inputs.strings[:, place, np.newaxis]
            parts.append((column == np.array(categories, dtype=object)).astype(np.float32))
        return np.hstack(parts) if parts else np.empty((len(inputs), 0), np.float32)

    def _transform_numbers(self, numeric: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        if self.scaling is None:
            return [numeric]
        missing = np.isnan(numeric)
        filled = np.where(missing, self.scaling.fill, numeric)
        with np.errstate(over="ignore"):  # the caller looks for infinities and says what to do
            scaled = (filled - self.scaling.center) / self.scaling.scale
        return [scaled, missing[:, self.scaling.marked].astype(np.float32)]


def learn_features(inputs: ModelInputs, *, scaled: bool) -> Features:
    """Learn from training rows how to turn model inputs into a matrix.

    Parameters
    ----------
    inputs : ModelInputs
        The training rows alone: a holdout's medians and categories would leak.
    scaled : bool
        Whether numbers are imputed, marked and scaled. Trees take them as they are: an imputed
        value that meets a bin edge is decided differently in float32 and in float64.
    """
    known = np.flatnonzero(~np.isnan(inputs.numeric).all(axis=0)).astype(np.int64)
    return Features(
        numeric_width=inputs.numeric.shape[1],
        known=known,
        scaling=_learn_scaling(inputs.numeric[:, known]) if scaled and known.size else None,
        categories=tuple(
            _learn_categories(inputs.strings[:, place]) for place in range(inputs.strings.shape[1])
        ),
    )


def _learn_categories(column: NDArray[np.object_]) -> tuple[str, ...]:
    counts = Counter(column.tolist())
    # Ties are broken by name, so that the order of the rows changes nothing.
    ranked = sorted(counts, key=lambda category: (-counts[category], category))
    return tuple(sorted(ranked[:MAX_CATEGORIES]))


def _learn_scaling(numeric: NDArray[np.float32]) -> Scaling:
    missing = np.isnan(numeric)
    fill = np.nanmedian(numeric.astype(np.float64), axis=0).astype(np.float32)
    filled = np.where(missing, fill, numeric).astype(np.float64)
    deviation = filled.std(axis=0)
    center = filled.mean(axis=0).astype(np.float32)
    # A column of one value has a deviation of rounding errors only: dividing by it would turn
    # them into signals.
    varies = deviation > 1e-6 * np.maximum(np.abs(filled).max(axis=0), np.finfo(np.float32).tiny)
    return Scaling(
        fill=fill,
        center=center,
        scale=np.where(varies, deviation, 1.0).astype(np.float32),
        marked=np.flatnonzero(missing.any(axis=0)).astype(np.int64),
    )
