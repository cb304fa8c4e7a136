"""The model configurations that a run tries, from the dullest to the strongest."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.contract import Contract, Task
from core.errors import InvalidInputError
from core.inputs import ModelInputs
from training.data.arrays import Rows
from training.data.names import CANDIDATES
from training.model.features import Features, learn_features


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one candidate is built.

    Attributes
    ----------
    name : str
        One of `CANDIDATES`.
    scaled : bool
        Whether it needs numbers imputed and scaled.
    """

    name: str
    scaled: bool


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "baseline": Recipe("baseline", scaled=False),
        "linear": Recipe("linear", scaled=True),
        "boosting": Recipe("boosting", scaled=False),
    }
)


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A candidate that was fitted.

    Attributes
    ----------
    task : {'binary', 'multiclass', 'regression'}
        What it predicts.
    name : str
        The candidate.
    features : Features
        How it reads model inputs.
    estimator : scikit-learn estimator
        Fitted on the matrix that `features` makes, with class indices or numbers as target.
    """

    task: Task
    name: str
    features: Features
    estimator: Any

    def predict(self, inputs: ModelInputs) -> NDArray[np.float64]:
        """Return scikit-learn's own answer for n rows.

        Returns
        -------
        float64 array
            Probabilities of shape (n, n_classes) in the order of the contract's classes, or
            predictions of shape (n, 1).
        """
        matrix = self.features.transform(inputs).astype(np.float64)
        with _one_thread():
            if self.task == "regression":
                return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
            return np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)


def find_recipe(name: str) -> Recipe:
    """Return a candidate's recipe; `InvalidInputError` names the candidates that there are."""
    if name not in RECIPES:
        raise InvalidInputError(
            f"There is no such candidate; there are {', '.join(CANDIDATES)}.",
            next_step="Start the run again with one of these.",
        )
    return RECIPES[name]


def fit_candidate(recipe: Recipe, rows: Rows, contract: Contract, *, seed: int) -> FittedModel:
    """Fit one candidate on the given rows; the same rows and seed give the same model.

    Raises
    ------
    InvalidInputError
        If no feature has a value, or a linear model cannot take these numbers.
    """
    features = learn_features(rows.inputs, scaled=recipe.scaled)
    matrix = features.transform(rows.inputs).astype(np.float64)
    if not matrix.shape[1]:
        raise InvalidInputError("No feature has a value in any of the training rows.")
    if recipe.scaled and not np.isfinite(matrix).all():
        raise InvalidInputError(
            "A numeric column holds numbers so far apart that float32 cannot scale them.",
            next_step="Give the column a minimum and a maximum in the data contract.",
        )
    estimator = _make_estimator(recipe.name, contract.task, seed=seed)
    target = rows.target if contract.task == "regression" else rows.target.astype(np.int64)
    with _one_thread():
        estimator.fit(matrix, target)
    if recipe.name == "linear":
        _round_coefficients(estimator)
    return FittedModel(contract.task, recipe.name, features, estimator)


def _make_estimator(name: str, task: Task, *, seed: int) -> BaseEstimator:
    regression = task == "regression"
    if name == "baseline":
        return DummyRegressor(strategy="mean") if regression else DummyClassifier(strategy="prior")
    if name == "linear":
        return Ridge(alpha=1.0) if regression else LogisticRegression(C=1.0, max_iter=1000)
    # Small trees, a fixed number of them and no early stopping: that would set rows aside at
    # random and needs more of them than a small dataset has.
    boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return boosting(
        max_iter=100,
        max_leaf_nodes=15,
        learning_rate=0.1,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )


def _one_thread() -> AbstractContextManager[object]:
    """Add numbers up in one order, whatever the machine.

    It is faster, too, where cores are shared: threads that wait for each other were measured to
    make boosting take thirty times as long.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def _round_coefficients(estimator: BaseEstimator) -> None:
    """Keep only what float32 holds, so that the exported graph computes with the same numbers."""
    for name in ("coef_", "intercept_"):
        rounded = np.asarray(getattr(estimator, name), dtype=np.float32).astype(np.float64)
        setattr(estimator, name, rounded)
