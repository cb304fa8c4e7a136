"""The model configurations that a run tries, from the dullest to the strongest."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from core.contract import Contract, Task
from core.inputs import ModelInputs
from training.data.arrays import Rows
from training.model.features import Features, Together
from training.model.maps import Calibration
from training.model.recipes import Recipe
from training.model.vocabulary import Vocabulary, learn_vocabulary, make_blind_vocabulary

Parameters = Mapping[str, Any]
"""Names of a pipeline's parameters, such as ``model__alpha``, to values."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A candidate that was fitted.

    Attributes
    ----------
    task : {'binary', 'multiclass', 'regression'}
        What it predicts.
    name : str
        The candidate.
    vocabulary : Vocabulary
        How model inputs become a matrix.
    pipeline : sklearn.pipeline.Pipeline
        Steps ``features`` (all candidates but the baseline have it) and ``model``, fitted with
        class indices or numbers as target.
    calibration : Calibration or None
        What is done to its probabilities.
    """

    task: Task
    name: str
    vocabulary: Vocabulary
    pipeline: Any
    calibration: Calibration | None = None

    @property
    def estimator(self) -> Any:  # noqa: ANN401 (scikit-learn has no types)
        """The last step, which takes the matrix of features."""
        return self.pipeline[-1]

    def predict(self, inputs: ModelInputs) -> NDArray[np.float64]:
        """Return the answer for n rows: scikit-learn's own, calibrated; see `predict_raw`."""
        return self.calibrate(self.predict_raw(inputs))

    def predict_raw(self, inputs: ModelInputs) -> NDArray[np.float64]:
        """Return scikit-learn's own answer for n rows, before calibration.

        Returns
        -------
        float64 array
            Probabilities of shape (n, n_classes) in the order of the contract's classes, or
            predictions of shape (n, 1).
        """
        return self.answer(self.vocabulary.encode(inputs))

    def answer(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the same for the matrix that the vocabulary made of n rows."""
        with one_thread():
            return answer(self.pipeline, matrix, self.task)

    def calibrate(self, answers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scikit-learn's own answers as they are served."""
        return answers if self.calibration is None else self.calibration.apply(answers)


def answer(pipeline: Any, matrix: NDArray[np.float32], task: Task) -> NDArray[np.float64]:  # noqa: ANN401
    """Return what a fitted pipeline answers, of shape (n, n_classes) or (n, 1)."""
    if task == "regression":
        return np.asarray(pipeline.predict(matrix), dtype=np.float64).reshape(-1, 1)
    return np.asarray(pipeline.predict_proba(matrix), dtype=np.float64)


def as_target(target: NDArray[np.float64], task: Task) -> NDArray[np.generic]:
    """Return the target as scikit-learn is to see it: whole numbers are classes."""
    return target if task == "regression" else target.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Material:
    """Training rows as scikit-learn takes them, made once for all fits of a candidate.

    Attributes
    ----------
    contract : Contract
        What the rows are.
    vocabulary : Vocabulary
        Of all of them: it is names and no knowledge, so folds may share it.
    matrix : float32 array of shape (n, width)
        As `Vocabulary.encode` has it, and a last column of group numbers where there are groups.
    target : array of shape (n,)
        Class indices or numbers.
    together : {'nothing', 'group', 'time'}
        What folds must respect.
    """

    contract: Contract
    vocabulary: Vocabulary
    matrix: NDArray[np.float32]
    target: NDArray[np.generic]
    together: Together

    def select(self, chosen: NDArray[np.generic]) -> "Material":
        """Return the rows at the given places (a mask or indices)."""
        return replace(self, matrix=self.matrix[chosen], target=self.target[chosen])


def prepare(recipe: Recipe, rows: Rows, contract: Contract) -> Material:
    """Learn the vocabulary of training rows, and encode them."""
    if recipe.numbers is None:
        vocabulary = make_blind_vocabulary(contract)
    else:
        vocabulary = learn_vocabulary(rows.inputs, contract)
    matrix = vocabulary.encode(rows.inputs)
    together: Together = "time" if contract.time else "nothing"
    if rows.groups is not None and not contract.time:
        together = "group"
        matrix = np.column_stack([matrix, rows.groups.astype(np.float32)])
    return Material(contract, vocabulary, matrix, as_target(rows.target, contract.task), together)


def make_pipeline(recipe: Recipe, material: Material, *, seed: int) -> Pipeline:
    """Put a candidate together, not fitted and with the recipe's default parameters."""
    task = material.contract.task
    model = ("model", recipe.make_estimator(task, seed))
    if recipe.numbers is None:
        return Pipeline([model])
    features = Features(
        task=task,
        numeric_width=material.vocabulary.numeric_width,
        numbers=recipe.numbers,
        texts=recipe.texts,
        word_counts=material.vocabulary.word_counts,
        together=material.together,
        seed=seed,
    )
    return Pipeline([("features", features), model])


def fit_pipeline(
    pipeline: Pipeline, matrix: NDArray[np.float32], target: NDArray[np.generic]
) -> Pipeline:
    """Fit, and round what the graph will hold in float32; the same rows give the same pipeline."""
    with one_thread(), unfinished_is_fine():
        pipeline.fit(matrix, target)
    estimator = pipeline.steps[-1][1]
    if isinstance(estimator, TransformedTargetRegressor):
        estimator = _put_scale_into_weights(estimator)
        pipeline.steps[-1] = ("model", estimator)
    _round_weights(take_last_step(estimator))
    return pipeline


def take_last_step(estimator: Any) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    """Return the model at the end of a pipeline; anything else as it is."""
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def fit_candidate(
    recipe: Recipe,
    rows: Rows,
    contract: Contract,
    *,
    seed: int,
    parameters: Parameters | None = None,
) -> FittedModel:
    """Fit one candidate on the given rows; the same rows and seed give the same model.

    Raises
    ------
    InvalidInputError
        If no feature has a value, or a model that scales cannot take these numbers.
    """
    material = prepare(recipe, rows, contract)
    return fit_material(recipe, material, seed=seed, parameters=parameters)


def fit_material(
    recipe: Recipe, material: Material, *, seed: int, parameters: Parameters | None = None
) -> FittedModel:
    """Fit one candidate on prepared rows; see `fit_candidate`."""
    pipeline = make_pipeline(recipe, material, seed=seed).set_params(**(parameters or {}))
    fit_pipeline(pipeline, material.matrix, material.target)
    return FittedModel(material.contract.task, recipe.name, material.vocabulary, pipeline)


def one_thread() -> AbstractContextManager[object]:
    """Add numbers up in one order, whatever the machine.

    It is faster, too, where cores are shared: threads that wait for each other were measured to
    make boosting take thirty times as long.
    """
    limits: AbstractContextManager[object] = _find_thread_pools().limit(limits=1)
    return limits


@cache
def _find_thread_pools() -> ThreadpoolController:
    # Looking for them takes milliseconds; those that fits use came with the imports above.
    return ThreadpoolController()


@contextmanager
def unfinished_is_fine() -> Iterator[None]:
    """Say nothing of fits that stop early.

    The number of passes over the rows is part of a configuration, and cross-validation judges it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _put_scale_into_weights(fitted: TransformedTargetRegressor) -> BaseEstimator:
    """Return the network alone, whose last layer answers in the target's own unit."""
    network, scaler = fitted.regressor_, fitted.transformer_
    network.coefs_[-1] = network.coefs_[-1] * scaler.scale_
    network.intercepts_[-1] = network.intercepts_[-1] * scaler.scale_ + scaler.mean_
    return network


def _round_weights(estimator: BaseEstimator) -> None:
    """Keep only what float32 holds, so that the exported graph computes with the same numbers."""
    for name in ("coef_", "intercept_"):
        if name in vars(estimator):  # some compute it
            setattr(estimator, name, _round(getattr(estimator, name)))
    for name in ("coefs_", "intercepts_"):
        if name in vars(estimator):
            setattr(estimator, name, [_round(layer) for layer in getattr(estimator, name)])


def _round(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float32).astype(np.float64)
