"""Judge a run's candidates: pick the best, score it on the holdout, prove its graph, publish it."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.bundle import MAX_GRAPH_BYTES, Manifest, Parity, Provenance, load_bundle, publish_bundle
from core.contract import Contract, Task
from core.errors import IntegrityError, InvalidInputError
from core.inputs import ModelInputs
from core.metrics import LOSS_NAMES, loss
from core.profile import build_profile
from core.registry import Registry
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import Rows, Split, load_split, unpack_arrays, unpack_inputs
from training.data.names import BASELINE, CANDIDATES
from training.judge.graph import Graph
from training.judge.parity import measure_parity
from training.judge.score import DECISION_THRESHOLD, score_holdout


@dataclass(frozen=True, slots=True)
class _Answers:
    """What *candidate* stored of scikit-learn's answers; see `training.model.fit`."""

    holdout: NDArray[np.float64]
    training: NDArray[np.float64]
    planted: NDArray[np.float64]
    planted_inputs: ModelInputs


def evaluate_run(store: ObjectStore, *, run_id: str) -> runs.Evaluation:
    """Judge a run's candidates and publish the best one's bundle.

    Returns
    -------
    runs.Evaluation
        Also written as ``evaluation.json``.

    Raises
    ------
    InvalidInputError
        If no candidate, or not the baseline, could be fitted.
    IntegrityError
        If what an earlier step wrote is not what it promised.
    """
    spec, data = runs.load_spec(store, run_id), runs.load_data(store, run_id)
    task = spec.contract.task
    best = pick_best(_load_results(store, run_id))
    split = load_split(store, run_id, spec.contract)
    body = _load_graph(store, run_id, best)
    graph = Graph(body)
    answered = graph.predict(split.holdout.inputs)
    answers = _load_answers(store, run_id, best.candidate)
    parity = _prove(task, answers, answered, graph)
    baseline = _load_answers(store, run_id, BASELINE).holdout
    manifest = Manifest(
        model=spec.contract.dataset,
        contract=spec.contract,
        candidate=best.candidate,
        graph_sha256=best.graph_sha256,
        graph_size_bytes=len(body),
        decision_threshold=DECISION_THRESHOLD if task == "binary" else None,
        metrics=score_holdout(task, answered, split.holdout.target),
        baseline_metrics=score_holdout(task, baseline, split.holdout.target),
        holdout_rows=len(split.holdout),
        training_rows=len(split.training),
        profile=build_profile(
            spec.contract, split.training.inputs, summarise_answers(task, answers.training)
        ),
        parity=parity,
        provenance=_describe_provenance(spec, data, best),
    )
    evaluation = _describe(
        store, manifest, publish_bundle(store, graph=body, manifest=manifest), split
    )
    runs.write(store, keys.run(run_id, "evaluation.json"), evaluation)
    return evaluation


def pick_best(results: list[runs.CandidateResult]) -> runs.CandidateResult:
    """Return the candidate with the lowest cross-validated loss, the earlier one at a tie.

    The holdout has no say in it: a number that was picked for being low is no fair estimate.
    """
    fitted = [result for result in results if result.status == "ok"]
    if not any(result.candidate == BASELINE for result in fitted):
        reasons = {result.reason for result in results if result.reason}
        raise InvalidInputError(
            "The baseline could not be fitted, so there is nothing to compare with. "
            + " ".join(sorted(reasons)),
            next_step="Send more rows, then start the run again.",
        )
    return min(fitted, key=lambda result: result.cross_validated_loss or 0.0)


def summarise_answers(task: Task, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one score for each of n rows, as `core.profile.ReferenceProfile.output` has it."""
    if task == "regression":
        return answers[:, 0]
    return answers[:, 1] if task == "binary" else answers.max(axis=1)


def _load_results(store: ObjectStore, run_id: str) -> list[runs.CandidateResult]:
    return [
        runs.load(store, keys.run_candidate(run_id, name, "result.json"), runs.CandidateResult)
        for name in CANDIDATES
    ]


def _load_graph(store: ObjectStore, run_id: str, best: runs.CandidateResult) -> bytes:
    key = keys.run_candidate(run_id, best.candidate, "model.onnx")
    body = store.get(key, max_bytes=MAX_GRAPH_BYTES).body
    if hashlib.sha256(body).hexdigest() != best.graph_sha256:
        raise IntegrityError(f"{key} does not have the hash that its result promises.")
    return body


def _load_answers(store: ObjectStore, run_id: str, candidate: str) -> _Answers:
    key = keys.run_candidate(run_id, candidate, "holdout.npz")
    arrays = unpack_arrays(store.get(key, max_bytes=runs.MAX_SPLIT_BYTES).body, key=key)
    return _Answers(
        holdout=arrays["scores"].astype(np.float64),
        training=arrays["training_scores"].astype(np.float64),
        planted=arrays["planted_scores"].astype(np.float64),
        planted_inputs=unpack_inputs(arrays, prefix="planted_"),
    )


def _prove(task: Task, answers: _Answers, answered: NDArray[np.float64], graph: Graph) -> Parity:
    """Compare graph and scikit-learn on every holdout row and on the rows planted at edges."""
    expected = np.concatenate([answers.holdout, answers.planted])
    return measure_parity(
        task, expected, np.concatenate([answered, graph.predict(answers.planted_inputs)])
    )


def _describe_provenance(
    spec: runs.RunSpec, data: runs.RunData, best: runs.CandidateResult
) -> Provenance:
    if best.environment is None:
        raise IntegrityError(f"The result of {best.candidate} does not say what it was made with.")
    return Provenance(
        run_id=spec.run_id,
        dataset_version=data.version,
        seed=spec.seed,
        **best.environment.model_dump(),
    )


def _describe(
    store: ObjectStore, manifest: Manifest, bundle_id: str, split: Split
) -> runs.Evaluation:
    name = LOSS_NAMES[manifest.contract.task]
    losses = {"candidate": manifest.metrics[name], "baseline": manifest.baseline_metrics[name]}
    champion = Registry(store).alias(manifest.model)
    if champion:
        found = _score_champion(store, manifest.contract, champion.version, split.holdout)
        losses |= {} if found is None else {"champion": found}
    return runs.Evaluation(
        candidate=manifest.candidate,
        bundle_id=bundle_id,
        metrics=manifest.metrics,
        losses=losses,
        champion_version=champion.version if champion else None,
        parity=manifest.parity,
        graph_size_bytes=manifest.graph_size_bytes,
    )


def _score_champion(
    store: ObjectStore, contract: Contract, version: int, holdout: Rows
) -> float | None:
    """Return the champion's loss on this holdout, or None when it takes other inputs."""
    record = Registry(store).version(contract.dataset, version)
    bundle = load_bundle(store, record.bundle_id)
    if _describe_interface(bundle.manifest.contract) != _describe_interface(contract):
        return None
    return loss(contract.task, Graph(bundle.graph).predict(holdout.inputs), holdout.target)


def _describe_interface(contract: Contract) -> tuple[object, ...]:
    numeric = tuple((column.name, column.kind) for column in contract.numeric_columns)
    strings = tuple(column.name for column in contract.string_columns)
    return contract.task, contract.target, contract.classes, numeric, strings
