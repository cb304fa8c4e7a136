"""Fit one candidate of a run: its cross-validated loss, its graph, and scikit-learn's own answers.

scikit-learn's answers for the holdout and for planted rows are stored beside the graph, because the
step that proves the graph has onnxruntime and not the means to fit or export.
"""

import hashlib
from dataclasses import replace

import numpy as np

from core import keys, parts
from core.bundle import BATCH_GRAPH
from core.errors import IntegrityError, InvalidInputError
from core.mlmodel import GRAPH
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import (
    Split,
    join_inputs,
    load_split,
    pack_inputs,
    pack_numbers,
    select_inputs,
)
from training.data.environment import describe_environment
from training.data.names import BASELINE, OWN
from training.data.times import timed
from training.model.calibrate import find_rows_at_knots
from training.model.candidates import FittedModel, Material, fit_material, prepare
from training.model.configure import CrossValidation, configure
from training.model.export import export_graph
from training.model.export_masks import export_masks
from training.model.own_candidate import make_own_recipe, to_reason, try_export
from training.model.plant import plant_rows
from training.model.precision import reduce_precision
from training.model.recipes import Recipe, find_recipe
from training.model.repeat import repeats_itself
from training.model.size import find_reason_not_to_export, find_reason_not_to_fit


@timed("candidate")
def fit_and_export(store: ObjectStore, *, run_id: str, candidate: str) -> runs.CandidateResult:
    """Fit a candidate on a run's training rows and write what it came to.

    Returns
    -------
    runs.CandidateResult
        Of status "failed" with a reason when these rows cannot be fitted; the other candidates go
        on. Written as ``result.json``, after the graph and the answers.
    """
    spec = runs.load_spec(store, run_id)
    if candidate == OWN:
        result = _fit_own(store, spec)
    else:
        result = _try_to_fit(store, spec, find_recipe(candidate))
    runs.write(store, keys.run_candidate(run_id, candidate, "result.json"), result)
    return result


def _fit_own(store: ObjectStore, spec: runs.RunSpec) -> runs.CandidateResult:
    """Fit what the learner built; whatever is wrong with it, the other candidates go on."""
    split = load_split(store, spec.run_id, spec.contract)
    try:
        with parts.guarded("candidate", lambda: "broke while it was fitted"):
            recipe = make_own_recipe(spec.contract, split.training, seed=spec.seed)
            return _fit(store, spec, recipe, split)
    except (InvalidInputError, IntegrityError) as error:
        return runs.CandidateResult(candidate=OWN, status="failed", reason=to_reason(error))


def _try_to_fit(store: ObjectStore, spec: runs.RunSpec, recipe: Recipe) -> runs.CandidateResult:
    split = load_split(store, spec.run_id, spec.contract)
    if reason := find_reason_not_to_export(recipe, spec.contract):
        return runs.CandidateResult(candidate=recipe.name, status="failed", reason=reason)
    try:
        return _fit(store, spec, recipe, split)
    except InvalidInputError as error:
        return runs.CandidateResult(candidate=recipe.name, status="failed", reason=str(error))


def _fit(
    store: ObjectStore, spec: runs.RunSpec, recipe: Recipe, split: Split
) -> runs.CandidateResult:
    rows, contract, seed = split.training, spec.contract, spec.seed
    material = prepare(recipe, rows, contract)
    if reason := find_reason_not_to_fit(recipe, material):
        return runs.CandidateResult(candidate=recipe.name, status="failed", reason=reason)
    if recipe.name == OWN:
        try_export(recipe, material, rows, seed=seed)
    chosen = configure(recipe, material, rows, budget=spec.budget, seed=seed)
    parameters, crossed = chosen.parameters, chosen.crossed
    model = replace(
        fit_material(recipe, material, seed=seed, parameters=parameters),
        calibration=chosen.calibrated.calibration,
    )
    graph = export_graph(model)
    if recipe.name != BASELINE:  # a constant has no weights
        graph = reduce_precision(graph, spec.precision)
    batch_graph = export_masks(graph, contract)
    answers = _pack_answers(model, material, split, crossed)
    store.put(keys.run_candidate(spec.run_id, recipe.name, GRAPH), graph)
    if batch_graph is not None:
        store.put(keys.run_candidate(spec.run_id, recipe.name, BATCH_GRAPH), batch_graph)
    store.put(keys.run_candidate(spec.run_id, recipe.name, "holdout.npz"), answers)
    return runs.CandidateResult(
        candidate=recipe.name,
        status="ok",
        cross_validated_loss=crossed.loss,
        fold_losses=crossed.fold_losses,
        parameters={name: str(value) for name, value in sorted(parameters.items())},
        configurations=chosen.configurations,
        calibration=chosen.calibrated.method,
        calibration_losses=dict(chosen.calibrated.losses),
        repeats_itself=repeats_itself(recipe, rows, contract, seed=seed, parameters=parameters),
        graph_sha256=_hash(graph),
        batch_graph_sha256="" if batch_graph is None else _hash(batch_graph),
        environment=describe_environment("fit"),
    )


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _pack_answers(
    model: FittedModel, material: Material, split: Split, crossed: CrossValidation
) -> bytes:
    """Write the answers for training, holdout and planted rows, none of them encoded twice."""
    planted = plant_rows(model, split.training.inputs)
    training_scores = model.answer(material.matrix)
    others = model.predict_raw(join_inputs(split.holdout.inputs, planted))
    scores, planted_scores = np.split(others, [len(split.holdout)])
    if model.calibration is not None:
        # Beside the bends of the calibration, where an export could lie too.
        beside = find_rows_at_knots(model.calibration, training_scores)
        planted = join_inputs(planted, select_inputs(split.training.inputs, beside))
        planted_scores = np.concatenate([planted_scores, training_scores[beside]])
    known = crossed.folds >= 0
    return pack_numbers(
        scores=model.calibrate(scores),
        training_scores=model.calibrate(training_scores),
        planted_scores=model.calibrate(planted_scores),
        validated_scores=crossed.answers[known],
        validated_target=split.training.target[known],
        **pack_inputs(planted, prefix="planted_"),
    )
