"""Choose a candidate's parameters and calibration, by answers for rows that no model had seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.metrics import loss
from training.data.arrays import Rows
from training.data.names import BASELINE, Budget
from training.model.calibrate import (
    MAX_MEAN_SLOPE,
    MAX_SIGMOID_SLOPE,
    Calibrated,
    calibrate,
)
from training.model.candidates import (
    Material,
    Parameters,
    answer,
    fit_material,
    one_thread,
    take_last_step,
)
from training.model.folds import Fold, make_folds
from training.model.recipes import Recipe, choose_defaults
from training.model.search import count_folds, search
from training.model.trees import is_forest


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Answers for rows by models that never saw them.

    Attributes
    ----------
    answers : float64 array of shape (n, n_classes) or (n, 1)
        Zeros where no fold left the row out, as happens with the first rows in time.
    folds : int64 array of shape (n,)
        Which fold left the row out; -1 where none did.
    fold_losses : tuple of float
        `core.metrics.loss` of each fold.
    """

    answers: NDArray[np.float64]
    folds: NDArray[np.int64]
    fold_losses: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The mean over folds."""
        return float(np.mean(self.fold_losses))


def cross_validate(
    recipe: Recipe,
    material: Material,
    folds: Sequence[Fold],
    *,
    seed: int,
    parameters: Parameters | None = None,
) -> CrossValidation:
    """Answer the rows of each fold by a model that was fitted to the others.

    Everything that is learned (medians, encodings, trees) is learned again for every fold.
    """
    task, rows = material.contract.task, len(material.target)
    answers = np.zeros((rows, len(material.contract.classes) or 1))
    fold_of = np.full(rows, -1, dtype=np.int64)
    losses = []
    for place, (fitted, left_out) in enumerate(folds):
        model = fit_material(recipe, material.select(fitted), seed=seed, parameters=parameters)
        with one_thread():
            answers[left_out] = answer(model.pipeline, material.matrix[left_out], task)
        fold_of[left_out] = place
        losses.append(loss(task, answers[left_out], material.target[left_out]))
    return CrossValidation(answers, fold_of, tuple(losses))


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a candidate will be fitted with.

    Attributes
    ----------
    parameters : Parameters
        What the search, or the number of rows, changed of the candidate's defaults.
    crossed : CrossValidation
        The calibrated answers and their losses.
    calibrated : Calibrated
        The calibration.
    configurations : int
        How many were tried.
    """

    parameters: Parameters
    crossed: CrossValidation
    calibrated: Calibrated
    configurations: int


def configure(
    recipe: Recipe, material: Material, rows: Rows, *, budget: Budget, seed: int
) -> Configuration:
    """Search within a budget, and keep the default configuration where that is better.

    What is served is calibrated, so that is what is compared: weighted classes, for one, distort
    probabilities in a way that calibration undoes.

    Parameters
    ----------
    material : Material
        What `prepare` made of `rows`.
    """
    contract = material.contract
    found = search(recipe, material, rows, budget=budget, seed=seed)
    folds = make_folds(rows, contract, count=count_folds(budget, rows=len(rows)), seed=seed)
    tried = []
    defaults = choose_defaults(recipe, contract.task, rows=len(rows))
    for parameters in [defaults, found.parameters] if found.configurations else [defaults]:
        crossed = cross_validate(recipe, material, folds, seed=seed, parameters=parameters)
        answers, calibrated = calibrate_answers(recipe, rows, contract, crossed)
        tried.append(Configuration(parameters, answers, calibrated, 1 + found.configurations))
    return min(tried, key=lambda each: each.crossed.loss)


def calibrate_answers(
    recipe: Recipe, rows: Rows, contract: Contract, crossed: CrossValidation
) -> tuple[CrossValidation, Calibrated]:
    """Choose a calibration of a candidate; the baseline's constant has nothing to calibrate.

    Returns
    -------
    CrossValidation
        With calibrated answers, and the losses of these.
    Calibrated
        What was chosen.
    """
    if recipe.name == BASELINE:
        return crossed, Calibrated(None, crossed.answers, {})
    means = is_forest(take_last_step(recipe.make_estimator(contract.task, 0)))
    steepest = MAX_MEAN_SLOPE if means else MAX_SIGMOID_SLOPE
    found = calibrate(contract.task, crossed.answers, rows.target, crossed.folds, steepest=steepest)
    losses = [
        loss(contract.task, found.scores[left_out], rows.target[left_out])
        for left_out in (crossed.folds == place for place in range(len(crossed.fold_losses)))
    ]
    return replace(crossed, answers=found.scores, fold_losses=tuple(losses)), found
