"""From the matrix of a `Vocabulary` to the features that an estimator takes.

Only scikit-learn's transformers, put together in a `ColumnTransformer`. What they learn is rounded
to float32, because `training.model.export` repeats their arithmetic in float32: so both compute
with the same numbers, and a value that meets an edge exactly is decided alike.
"""

import warnings
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
    TargetEncoder,
)

from core.contract import Task
from core.errors import InvalidInputError

Numbers = Literal["raw", "scaled", "binned", "interactions"]
Categories = Literal["one-hot", "ordinal", "target"]

MANY_LEVELS = 20
"""From this number of categories on, a column is read as `Features.wide` says."""

MAX_ONE_HOT = 50
"""Columns that one-hot encoding makes of one column; rarer categories share the last of them."""

MAX_INTERACTING = 20
"""Numeric columns up to which products of two are formed; there are k (k + 1) / 2 of them."""

_CROSS_FITTING_FOLDS = 5
_TARGET_TYPES: dict[Task, str] = {
    "binary": "binary",
    "multiclass": "multiclass",
    "regression": "continuous",
}
Matrix = NDArray[np.floating[Any]]


class Imputer(SimpleImputer):  # type: ignore[misc]
    """`SimpleImputer` whose statistics are float32."""

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Learn what stands for a missing value."""
        super().fit(X, y)
        self.statistics_: NDArray[np.float64] = _round(self.statistics_)
        return self


class Scaler(StandardScaler):  # type: ignore[misc]
    """`StandardScaler` whose means and deviations are float32."""

    def fit(self, X: Matrix, y: object = None, sample_weight: object = None) -> Self:
        """Learn means and deviations."""
        super().fit(X.astype(np.float64), y, sample_weight)  # squares leave float32's range
        largest = np.maximum(np.abs(X).max(axis=0), np.finfo(np.float32).tiny)
        # A column of one value has a deviation of rounding errors only: dividing by it would turn
        # them into signals.
        varies = np.sqrt(self.var_) > 1e-6 * largest
        self.mean_: NDArray[np.float64] = _round(self.mean_)
        self.scale_: NDArray[np.float64] = _round(np.where(varies, self.scale_, 1.0))
        return self


class Discretizer(KBinsDiscretizer):  # type: ignore[misc]
    """`KBinsDiscretizer` whose edges are float32."""

    def fit(self, X: Matrix, y: object = None, sample_weight: object = None) -> Self:
        """Learn the edges; fewer bins than asked for where values are repeated."""
        with warnings.catch_warnings():
            # Said of columns with few different values, which are no fault.
            warnings.simplefilter("ignore", UserWarning)
            super().fit(X, y, sample_weight)
        for place, edges in enumerate(self.bin_edges_):
            self.bin_edges_[place] = _round(edges)
        return self


class Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """All features of a candidate, learned from the matrix of a `Vocabulary`.

    Parameters
    ----------
    task : {'binary', 'multiclass', 'regression'}
        What the target is, for target encoding.
    numeric_width : int
        How many columns of the matrix are numbers; the others are places of categories.
    numbers : {'raw', 'scaled', 'binned', 'interactions'}
        As they are, missing ones included (for trees: an imputed value that meets an edge would be
        decided differently in float32 and float64); or imputed, marked where they were missing,
        and scaled; that and one column for each tenth of the values; that and products of two.
    narrow, wide : {'one-hot', 'ordinal', 'target'}
        How columns of less and of `MANY_LEVELS` or more categories are read. Target encoding of the
        training rows is cross-fitted: no row's encoding knows its own target.
    rare_rows : int
        Categories of fewer rows than this are read as one.
    seed : int
        For the folds of target encoding.
    """

    def __init__(
        self,
        task: Task = "binary",
        numeric_width: int = 0,
        numbers: Numbers = "raw",
        narrow: Categories = "one-hot",
        wide: Categories = "target",
        rare_rows: int = 10,
        seed: int = 0,
    ) -> None:
        self.task = task
        self.numeric_width = numeric_width
        self.numbers = numbers
        self.narrow = narrow
        self.wide = wide
        self.rare_rows = rare_rows
        self.seed = seed

    def fit(self, X: Matrix, y: NDArray[np.generic]) -> Self:
        """Learn from training rows alone: a holdout's medians and categories would leak."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Matrix, y: NDArray[np.generic], **_parameters: object) -> Matrix:
        """Learn, and return the features of the training rows themselves."""
        self.columns_ = self._assemble(X)
        with np.errstate(over="ignore"):  # what became infinite is looked for below
            return self._check(self.columns_.fit_transform(X, y))

    def transform(self, X: Matrix) -> Matrix:
        """Return the features of n rows, shape (n, width): float32 numbers in a float64 array."""
        with np.errstate(over="ignore"):
            return self._check(self.columns_.transform(X))

    def _assemble(self, X: Matrix) -> ColumnTransformer:
        # Nothing can be learned of a column without values, and scikit-learn's trees cannot bin it.
        known = np.flatnonzero(~np.isnan(X[:, : self.numeric_width]).all(axis=0)).tolist()
        parts: list[tuple[str, object, list[int]]] = []
        if known:
            parts += self._read_numbers(known)
        for place in range(self.numeric_width, X.shape[1]):
            levels = len(np.unique(X[:, place]))
            parts.append((f"strings_{place}", self._read_categories(levels), [place]))
        if not parts:
            raise InvalidInputError("No feature has a value in any of the training rows.")
        return ColumnTransformer(parts, sparse_threshold=0.0)

    def _read_numbers(self, known: list[int]) -> list[tuple[str, object, list[int]]]:
        if self.numbers == "raw":
            return [("numbers", "passthrough", known)]
        steps: list[tuple[str, object]] = [
            ("fill", Imputer(strategy="median")),
            ("scale", Scaler()),
        ]
        if self.numbers == "interactions" and len(known) <= MAX_INTERACTING:
            steps.append(("products", PolynomialFeatures(degree=2, include_bias=False)))
        marks = MissingIndicator(features="missing-only", error_on_new=False)
        parts = [("numbers", Pipeline(steps), known), ("missing", marks, known)]
        if self.numbers == "binned":
            bins = Discretizer(
                n_bins=10,
                encode="onehot-dense",
                strategy="quantile",
                quantile_method="averaged_inverted_cdf",
                subsample=None,
                dtype=np.float32,
            )
            fill = Imputer(strategy="median")
            parts.append(("bins", Pipeline([("fill", fill), ("cut", bins)]), known))
        return parts

    def _read_categories(self, levels: int) -> BaseEstimator:
        encoding = self.wide if levels >= MANY_LEVELS else self.narrow
        if encoding != "one-hot":
            encoder = self._read_as_number(encoding)
            raw = self.numbers == "raw"
            return encoder if raw else Pipeline([("encode", encoder), ("scale", Scaler())])
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=self.rare_rows,
            max_categories=MAX_ONE_HOT,
            sparse_output=False,
            dtype=np.float32,
        )

    def _read_as_number(self, encoding: Categories) -> BaseEstimator:
        if encoding == "target":
            folds = KFold(_CROSS_FITTING_FOLDS, shuffle=True, random_state=self.seed)
            return TargetEncoder(target_type=_TARGET_TYPES[self.task], cv=folds)
        return OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            min_frequency=self.rare_rows,
            dtype=np.float32,
        )

    def _check(self, matrix: Matrix) -> Matrix:
        single = np.asarray(matrix, dtype=np.float32)
        if np.isinf(single).any():
            raise InvalidInputError(
                "A numeric column holds numbers so far apart that float32 cannot scale them.",
                next_step="Give the column a minimum and a maximum in the data contract.",
            )
        return single.astype(np.float64)


def _round(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float32).astype(np.float64)
