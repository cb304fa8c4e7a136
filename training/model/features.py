"""From the matrix of a `Vocabulary` to the features that an estimator takes.

Only scikit-learn's transformers, put together in a `ColumnTransformer`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import chi2, f_regression
from sklearn.impute import MissingIndicator
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    TargetEncoder,
)

from core.contract import Task
from core.errors import InvalidInputError
from training.model.encoders import (
    Discretizer,
    Earlier,
    Imputer,
    Matrix,
    PastTargetEncoder,
    Scaler,
    TellingWords,
    Topics,
    WordWeights,
    fold_groups,
    round_features,
)

Numbers = Literal["raw", "scaled", "binned", "interactions"]
Categories = Literal["one-hot", "ordinal", "target"]
Texts = Literal["counts", "words", "topics"]
Together = Literal["nothing", "group", "time"]

MANY_LEVELS = 20
"""From this number of categories on, a column is read as `Features.wide` says."""

MAX_ONE_HOT = 50
"""Columns that one-hot encoding makes of one column; rarer categories share the last of them."""

MAX_INTERACTING = 20
"""Numeric columns up to which products of two are formed; there are k (k + 1) / 2 of them."""

TELLING_WORDS = 100
"""Words of a text column whose counts trees read: those that tell most about the target."""

TOPICS = 50
"""Columns that a text column becomes where words are too many, by truncated singular values."""

WORDS_READ: Mapping[Texts, int] = MappingProxyType(
    {"counts": TELLING_WORDS, "words": 100, "topics": 2 * TOPICS}
)
"""How many numbers of a row a text column is worth in time: most words are not in most texts."""

NARROW_COLUMNS = "narrow_strings"
ONE_COLUMN = "strings_"
"""Names of the parts of `Features.columns_` that read categories: several columns, or one."""

_CROSS_FITTING_FOLDS = 5
_TARGET_TYPES: dict[Task, str] = {
    "binary": "binary",
    "multiclass": "multiclass",
    "regression": "continuous",
}


class Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """All features of a candidate, learned from the matrix of a `Vocabulary`.

    Parameters
    ----------
    task : {'binary', 'multiclass', 'regression'}
        What the target is, for target encoding.
    numeric_width : int
        How many columns of the matrix are numbers; then come places of categories.
    word_counts : tuple of int
        Behind them, for each text column, how many columns of the matrix count words of it.
    numbers : {'raw', 'scaled', 'binned', 'interactions'}
        As they are, missing ones included (for trees: an imputed value that meets an edge would be
        decided differently in float32 and float64); or imputed, marked where they were missing,
        and scaled; that and one column for each tenth of the values; that and products of two.
    narrow, wide : {'one-hot', 'ordinal', 'target'}
        How columns of less and of `MANY_LEVELS` or more categories are read. Target encoding of the
        training rows is cross-fitted: no row's encoding knows its own target.
    rare_rows : int
        Categories of fewer rows than this are read as one.
    texts : {'counts', 'words', 'topics'}
        Counts of the `TELLING_WORDS` most telling words, whole numbers that trees split alike in
        any precision (the weights of TF-IDF would not change the order that they go by); or TF-IDF
        of all words, with sublinear counts and rows of length 1; or that along `TOPICS` directions.
    together : {'nothing', 'group', 'time'}
        What the folds of target encoding respect: rows of one group (the number of which stands in
        a last column of the matrix) are encoded by other groups' rows; in the order of time, rows
        are encoded by earlier rows.
    seed : int
        For the folds of target encoding, and for topics.
    """

    def __init__(  # noqa: PLR0913 (scikit-learn wants every parameter named here)
        self,
        *,
        task: Task = "binary",
        numeric_width: int = 0,
        numbers: Numbers = "raw",
        narrow: Categories = "one-hot",
        wide: Categories = "target",
        rare_rows: int = 10,
        texts: Texts = "counts",
        word_counts: tuple[int, ...] = (),
        together: Together = "nothing",
        seed: int = 0,
    ) -> None:
        self.task = task
        self.numeric_width = numeric_width
        self.numbers = numbers
        self.narrow = narrow
        self.wide = wide
        self.rare_rows = rare_rows
        self.texts = texts
        self.word_counts = word_counts
        self.together = together
        self.seed = seed

    def fit(self, X: Matrix, y: NDArray[np.generic]) -> Self:
        """Learn from training rows alone: a holdout's medians and categories would leak."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Matrix, y: NDArray[np.generic], **_parameters: object) -> Matrix:
        """Learn, and return the features of the training rows themselves."""
        groups = X[:, -1] if self.together == "group" else None
        self.width_ = X.shape[1] - (groups is not None)
        self.columns_ = self._assemble(X[:, : self.width_], groups)
        # What became infinite is looked for below.
        with np.errstate(over="ignore", invalid="ignore"):
            features: Matrix = round_features(self.columns_.fit_transform(X[:, : self.width_], y))
        return features

    def transform(self, X: Matrix) -> Matrix:
        """Return the features of n rows, shape (n, width): float32 numbers in a float64 array.

        Sparse, where all words of texts are read. A last column of groups is not looked at.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            features: Matrix = round_features(self.columns_.transform(X[:, : self.width_]))
        return features

    def _assemble(self, X: Matrix, groups: Matrix | None) -> ColumnTransformer:
        # Nothing can be learned of a column without values, and scikit-learn's trees cannot bin it.
        known = np.flatnonzero(~np.isnan(X[:, : self.numeric_width]).all(axis=0)).tolist()
        parts: list[tuple[str, object, list[int]]] = []
        if known:
            parts += self._read_numbers(known, gaps=bool(np.isnan(X[:, known]).any()))
        words = X.shape[1] - sum(self.word_counts)
        parts += self._read_strings(X[:, :words], groups)
        for place, width in enumerate(self.word_counts):
            if width:
                columns = list(range(words, words + width))
                parts.append((f"texts_{place}", self._read_words(width), columns))
            words += width
        if not parts:
            raise InvalidInputError("No feature has a value in any of the training rows.")
        dense = self.texts != "words" or not any(self.word_counts)
        return ColumnTransformer(parts, sparse_threshold=0.0 if dense else 1.0)

    def _read_numbers(self, known: list[int], *, gaps: bool) -> list[tuple[str, object, list[int]]]:
        if self.numbers == "raw":
            return [("numbers", "passthrough", known)]
        steps: list[tuple[str, object]] = [
            ("fill", Imputer(strategy="median")),
            ("scale", Scaler()),
        ]
        if self.numbers == "interactions" and len(known) <= MAX_INTERACTING:
            steps.append(("products", PolynomialFeatures(degree=2, include_bias=False)))
        parts: list[tuple[str, object, list[int]]] = [("numbers", Pipeline(steps), known)]
        if gaps:
            marks = MissingIndicator(features="missing-only", error_on_new=False)
            parts.append(("missing", marks, known))
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

    def _read_strings(
        self, X: Matrix, groups: Matrix | None
    ) -> list[tuple[str, object, list[int]]]:
        """Read the columns of categories: narrow ones with one encoder, if it is one-hot.

        An encoder for each of them gave the same features and took twice the time.
        """
        together: list[int] = []
        alone: list[tuple[str, object, list[int]]] = []
        for place in range(self.numeric_width, X.shape[1]):
            levels = len(np.unique(X[:, place]))
            if self.narrow == "one-hot" and levels < MANY_LEVELS:
                together.append(place)
            else:
                alone.append(
                    (f"{ONE_COLUMN}{place}", self._read_categories(levels, groups), [place])
                )
        if not together:
            return alone
        return [(NARROW_COLUMNS, self._read_one_hot(), together), *alone]

    def _read_words(self, width: int) -> BaseEstimator:
        if self.texts == "counts":
            judge = f_regression if self.task == "regression" else chi2
            return TellingWords(judge, k=TELLING_WORDS)
        if self.texts == "words" or width <= TOPICS:
            return WordWeights()
        topics = Topics(n_components=TOPICS, random_state=self.seed)
        return Pipeline([("weigh", WordWeights()), ("turn", topics), ("scale", Scaler())])

    def _read_categories(self, levels: int, groups: Matrix | None) -> BaseEstimator:
        encoding = self.wide if levels >= MANY_LEVELS else self.narrow
        if encoding != "one-hot":
            encoder = self._read_as_number(encoding, groups)
            raw = self.numbers == "raw"
            return encoder if raw else Pipeline([("encode", encoder), ("scale", Scaler())])
        return self._read_one_hot()

    def _read_one_hot(self) -> OneHotEncoder:
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=self.rare_rows,
            max_categories=MAX_ONE_HOT,
            sparse_output=False,
            dtype=np.float32,
        )

    def _read_as_number(self, encoding: Categories, groups: Matrix | None) -> BaseEstimator:
        if encoding == "target":
            return self._encode_by_target(groups)
        return OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            min_frequency=self.rare_rows,
            dtype=np.float32,
        )

    def _encode_by_target(self, groups: Matrix | None) -> BaseEstimator:
        kind = _TARGET_TYPES[self.task]
        if self.together == "time":
            return PastTargetEncoder(target_type=kind, cv=Earlier())
        count = _CROSS_FITTING_FOLDS
        if groups is not None and len(np.unique(groups)) >= 2:
            return TargetEncoder(target_type=kind, cv=fold_groups(groups, count, self.seed))
        rows = KFold(count, shuffle=True, random_state=self.seed)
        return TargetEncoder(target_type=kind, cv=rows)
