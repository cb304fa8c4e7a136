"""Fit one candidate of a run: its cross-validated loss, its graph, and scikit-learn's own answers.

scikit-learn's answers for the holdout and for planted rows are stored beside the graph, because the
step that proves the graph has onnxruntime and not the means to fit or export.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.contract import Contract
from core.errors import InvalidInputError
from core.metrics import loss
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import (
    Rows,
    Split,
    join_inputs,
    load_split,
    pack_arrays,
    pack_inputs,
    select_inputs,
)
from training.data.names import BASELINE
from training.model.calibrate import Calibrated, calibrate, find_rows_at_knots
from training.model.candidates import FittedModel, Parameters, fit_candidate
from training.model.environment import describe_environment
from training.model.export import export_graph
from training.model.folds import Fold, make_folds
from training.model.plant import plant_rows
from training.model.recipes import Recipe, find_recipe
from training.model.search import EFFORTS, search
from training.model.size import find_reason_not_to_export

MIN_TRAINING_ROWS = 10


def fit_and_export(store: ObjectStore, *, run_id: str, candidate: str) -> runs.CandidateResult:
    """Fit a candidate on a run's training rows and write what it came to.

    Returns
    -------
    runs.CandidateResult
        Of status "failed" with a reason when these rows cannot be fitted; the other candidates go
        on. Written as ``result.json``, after the graph and the answers.
    """
    spec = runs.load_spec(store, run_id)
    recipe = find_recipe(candidate)
    split = load_split(store, run_id, spec.contract)
    reason = find_reason_not_to_export(recipe, spec.contract) or _find_reason_not_to_fit(
        split, spec.contract
    )
    if reason:
        result = runs.CandidateResult(candidate=candidate, status="failed", reason=reason)
    else:
        result = _try_to_fit(store, spec, recipe, split)
    runs.write(store, keys.run_candidate(run_id, candidate, "result.json"), result)
    return result


def _try_to_fit(
    store: ObjectStore, spec: runs.RunSpec, recipe: Recipe, split: Split
) -> runs.CandidateResult:
    try:
        return _fit(store, spec, recipe, split)
    except InvalidInputError as error:
        return runs.CandidateResult(candidate=recipe.name, status="failed", reason=str(error))


def _fit(
    store: ObjectStore, spec: runs.RunSpec, recipe: Recipe, split: Split
) -> runs.CandidateResult:
    rows, contract, seed = split.training, spec.contract, spec.seed
    found = search(recipe, rows, contract, budget=spec.budget, seed=seed)
    folds = make_folds(rows, contract, count=EFFORTS[spec.budget].folds, seed=seed)
    # The default configuration is tried on the same folds: a search never ends worse than without.
    tried = [
        (
            parameters,
            cross_validate(recipe, rows, contract, folds, seed=seed, parameters=parameters),
        )
        for parameters in ([{}, found.parameters] if found.configurations else [{}])
    ]
    # What is served is calibrated, so that is what is compared: weighted classes, for one, distort
    # probabilities in a way that calibration undoes.
    calibrated = [
        (parameters, *calibrate_answers(recipe, rows, contract, crossed))
        for parameters, crossed in tried
    ]
    parameters, crossed, chosen = min(calibrated, key=lambda each: each[1].loss)
    model = replace(
        fit_candidate(recipe, rows, contract, seed=seed, parameters=parameters),
        calibration=chosen.calibration,
    )
    graph = export_graph(model)
    answers = _pack_answers(model, split, crossed)
    store.put(keys.run_candidate(spec.run_id, recipe.name, "model.onnx"), graph)
    store.put(keys.run_candidate(spec.run_id, recipe.name, "holdout.npz"), answers)
    return runs.CandidateResult(
        candidate=recipe.name,
        status="ok",
        cross_validated_loss=crossed.loss,
        fold_losses=crossed.fold_losses,
        parameters={name: str(value) for name, value in sorted(parameters.items())},
        configurations=1 + found.configurations,
        calibration=chosen.method,
        calibration_losses=dict(chosen.losses),
        graph_sha256=hashlib.sha256(graph).hexdigest(),
        environment=describe_environment(),
    )


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
    rows: Rows,
    contract: Contract,
    folds: Sequence[Fold],
    *,
    seed: int,
    parameters: Parameters | None = None,
) -> CrossValidation:
    """Answer the rows of each fold by a model that was fitted to the others.

    Everything that is learned (medians, encodings, trees) is learned again for every fold.
    """
    answers = np.zeros((len(rows), len(contract.classes) or 1))
    fold_of = np.full(len(rows), -1, dtype=np.int64)
    losses = []
    for place, (fitted, left_out) in enumerate(folds):
        model = fit_candidate(
            recipe, rows.select(fitted), contract, seed=seed, parameters=parameters
        )
        asked = rows.select(left_out)
        answers[left_out] = model.predict(asked.inputs)
        fold_of[left_out] = place
        losses.append(loss(contract.task, answers[left_out], asked.target))
    return CrossValidation(answers, fold_of, tuple(losses))


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
    found = calibrate(contract.task, crossed.answers, rows.target, crossed.folds)
    losses = [
        loss(contract.task, found.scores[left_out], rows.target[left_out])
        for left_out in (crossed.folds == place for place in range(len(crossed.fold_losses)))
    ]
    return replace(crossed, answers=found.scores, fold_losses=tuple(losses)), found


def _find_reason_not_to_fit(split: Split, contract: Contract) -> str:
    if len(split.training) < MIN_TRAINING_ROWS or not len(split.holdout):
        return f"There are {len(split.training)} training and {len(split.holdout)} holdout rows."
    if contract.task == "regression":
        return ""
    counts = np.bincount(split.training.target.astype(np.int64), minlength=len(contract.classes))
    if counts.min() >= 2:
        return ""
    place = int(counts.argmin()) + 1
    return (
        f"Class {place} of the {len(counts)} in the data contract has {counts.min()} training"
        " rows; cross-validation needs 2."
    )


def _pack_answers(model: FittedModel, split: Split, crossed: CrossValidation) -> bytes:
    training = split.training
    planted = plant_rows(model, training.inputs)
    if model.calibration is not None:
        # Beside the bends of the calibration, where an export could lie too.
        beside = find_rows_at_knots(model.calibration, model.predict_raw(training.inputs))
        planted = join_inputs(planted, select_inputs(training.inputs, beside))
    known = crossed.folds >= 0
    return pack_arrays(
        scores=model.predict(split.holdout.inputs),
        training_scores=model.predict(training.inputs),
        planted_scores=model.predict(planted),
        validated_scores=crossed.answers[known],
        validated_target=training.target[known],
        **pack_inputs(planted, prefix="planted_"),
    )
