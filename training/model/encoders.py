"""scikit-learn's transformers with what they learn rounded to float32.

`training.model.export_features` repeats their arithmetic in float32: so both compute with the same
numbers, and a value that meets an edge exactly is decided alike.
"""

import warnings
from collections.abc import Iterator
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, PredefinedSplit
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler, TargetEncoder

from core.errors import InvalidInputError

Matrix = NDArray[np.floating[Any]]

EARLIER_BLOCKS: Final = 5
_WEAKEST: Final = 0.03  # of the largest singular value


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


class WordWeights(TfidfTransformer):  # type: ignore[misc]
    """`TfidfTransformer` with sublinear counts, whose weights are float32."""

    def __init__(self) -> None:
        super().__init__(sublinear_tf=True)

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Learn how rare each word is."""
        super().fit(sparse.csr_matrix(X, dtype=np.float64), y)
        self.idf_: NDArray[np.float64] = _round(self.idf_)
        return self

    def transform(self, X: Matrix) -> Any:  # noqa: ANN401 (a sparse matrix)
        """Weigh counts of words; each row of the result has length 1, or 0 without known words."""
        return super().transform(sparse.csr_matrix(X, dtype=np.float64))


class Topics(TruncatedSVD):  # type: ignore[misc]
    """`TruncatedSVD` (latent semantic analysis) whose components are float32."""

    def fit_transform(self, X: Any, y: object = None) -> Matrix:  # noqa: ANN401 (a sparse matrix)
        """Learn the components, and return the place of each row along them."""
        self.n_components: int = min(self.n_components, X.shape[1])
        with np.errstate(invalid="ignore", divide="ignore"):  # shares of a variance of 0
            super().fit_transform(X, y)
        # A direction along which texts hardly differ holds rounding errors, which scaling would
        # turn into signals.
        weak = self.singular_values_ < _WEAKEST * self.singular_values_.max(initial=0.0)
        self.components_: NDArray[np.float64] = _round(self.components_)
        self.components_[weak] = 0.0
        return np.asarray(self.transform(X))


class TellingWords(SelectKBest):  # type: ignore[misc]
    """`SelectKBest` that takes all columns where there are not more than it would choose."""

    def fit(self, X: Matrix, y: NDArray[np.generic]) -> Self:
        """Choose the columns that tell most about the target, each by itself."""
        self.k: int = min(self.k, X.shape[1])
        with np.errstate(invalid="ignore", divide="ignore"):  # of columns with one value
            super().fit(X, y)
        return self


class Earlier:
    """Folds of rows in the order of time: each block is left out of what is learned before it.

    Nothing comes before the first block; it is given itself, and `PastTargetEncoder` sees to it.
    """

    def split(
        self, X: Matrix, y: object = None, groups: object = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return places of earlier rows and of the block's own."""
        del y, groups
        blocks = np.array_split(np.arange(len(X)), EARLIER_BLOCKS)
        for place, block in enumerate(blocks):
            yield (np.arange(block[0]) if place else block), block

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of blocks."""
        del X, y, groups
        return EARLIER_BLOCKS


class PastTargetEncoder(TargetEncoder):  # type: ignore[misc]
    """`TargetEncoder` for rows in the order of time: no row's encoding knows its own time or later.

    The first rows have no past: to them every category is an unseen one.
    """

    def fit_transform(self, X: Matrix, y: NDArray[np.generic]) -> Matrix:
        """Learn the encodings, and return those of the training rows."""
        encoded: Matrix = super().fit_transform(X, y)
        encoded[: -(-len(X) // EARLIER_BLOCKS)] = self.target_mean_
        return encoded


def fold_groups(groups: Matrix, count: int, seed: int) -> PredefinedSplit:
    """Return folds that keep groups together: an encoder gets no groups, so it is given places."""
    count = min(count, len(np.unique(groups)))
    folds = GroupKFold(count, shuffle=True, random_state=seed)
    places = np.arange(len(groups))
    fold_of = np.empty(len(places), dtype=np.int64)
    for fold, (_, left_out) in enumerate(folds.split(places, groups=groups)):
        fold_of[left_out] = fold
    return PredefinedSplit(fold_of)


def round_features(matrix: Any) -> Any:  # noqa: ANN401 (dense or sparse)
    """Return float64 features that hold float32 numbers; refuse what has become infinite."""
    if sparse.issparse(matrix):
        matrix.data = round_features(matrix.data)
        return sparse.csr_matrix(matrix)
    single = np.asarray(matrix, dtype=np.float32)
    if np.isinf(single).any():
        raise InvalidInputError(
            "A numeric column holds numbers so far apart that float32 cannot scale them.",
            next_step="Give the column a minimum and a maximum in the data contract.",
        )
    return single.astype(np.float64)


def _round(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float32).astype(np.float64)
