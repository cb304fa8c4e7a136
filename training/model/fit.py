"""Fit one candidate of a run: its cross-validated loss, its graph, and scikit-learn's own answers.

scikit-learn's answers for the holdout and for planted rows are stored beside the graph, because the
step that proves the graph has onnxruntime and not the means to fit or export.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold

from core import keys
from core.contract import Contract
from core.errors import InvalidInputError
from core.metrics import loss
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import Rows, Split, load_split, pack_arrays, pack_inputs
from training.model.candidates import FittedModel, Recipe, find_recipe, fit_candidate
from training.model.environment import describe_environment
from training.model.export import export_graph
from training.model.plant import plant_rows

FOLDS = 5
MIN_TRAINING_ROWS = 2 * FOLDS


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
    reason = _find_reason_not_to_fit(split, spec.contract)
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
    cross_validated = cross_validate(recipe, split.training, spec.contract, seed=spec.seed)
    model = fit_candidate(recipe, split.training, spec.contract, seed=spec.seed)
    graph = export_graph(model)
    answers = _pack_answers(model, split)
    store.put(keys.run_candidate(spec.run_id, recipe.name, "model.onnx"), graph)
    store.put(keys.run_candidate(spec.run_id, recipe.name, "holdout.npz"), answers)
    return runs.CandidateResult(
        candidate=recipe.name,
        status="ok",
        cross_validated_loss=cross_validated,
        graph_sha256=hashlib.sha256(graph).hexdigest(),
        environment=describe_environment(),
    )


def cross_validate(recipe: Recipe, rows: Rows, contract: Contract, *, seed: int) -> float:
    """Return the mean loss over folds; each fold is answered by a model that never saw it.

    Everything that is learned (medians, categories, trees) is learned again in every fold.
    Classification folds hold the classes in equal shares.
    """
    losses = []
    for fitted, left_out in _folds(rows, contract, seed=seed):
        model = fit_candidate(recipe, rows.select(fitted), contract, seed=seed)
        asked = rows.select(left_out)
        losses.append(loss(contract.task, model.predict(asked.inputs), asked.target))
    return float(np.mean(losses))


def _folds(
    rows: Rows, contract: Contract, *, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    places = np.arange(len(rows))
    if contract.task == "regression":
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        yield from folds.split(places)
    else:
        smallest = int(np.bincount(rows.target.astype(np.int64)).min())
        stratified = StratifiedKFold(min(FOLDS, smallest), shuffle=True, random_state=seed)
        yield from stratified.split(places, rows.target.astype(np.int64))


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


def _pack_answers(model: FittedModel, split: Split) -> bytes:
    planted = plant_rows(model, split.training.inputs)
    return pack_arrays(
        scores=model.predict(split.holdout.inputs),
        training_scores=model.predict(split.training.inputs),
        planted_scores=model.predict(planted),
        **pack_inputs(planted, prefix="planted_"),
    )
