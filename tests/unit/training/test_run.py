import hashlib
from pathlib import Path

import numpy as np
import pytest

from core import keys
from core.bundle import load_bundle
from core.contract import Task
from core.errors import ConflictError, IntegrityError, InvalidInputError
from core.inputs import encode_records
from core.metrics import LOSS_NAMES, loss
from core.registry import Registry
from core.store import Bucket, open_memory
from tests.unit.training.worlds import (
    CLASSES,
    HEADER,
    land,
    make_contract,
    make_landed,
    make_rows,
    read_json,
    to_csv,
)
from training.data import runs
from training.data.arrays import load_split
from training.data.names import CANDIDATES_OF
from training.data.split import split_dataset
from training.data.start import start_run
from training.judge.choose import choose
from training.judge.evaluate import evaluate_run
from training.judge.gate import judge_run
from training.judge.graph import Graph
from training.judge.provenance import round_number
from training.judge.release import promote_run, record_outcome, register_run
from training.model.fit import fit_and_export
from training.run import run_training

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
_RANKED = ("f1", "precision", "recall", "roc_auc", "pr_auc")
METRICS: dict[Task, set[str]] = {
    "binary": {
        "log_loss", "brier_score", "accuracy", "mcc", "expected_calibration_error", *_RANKED,
    },
    "multiclass": {
        "log_loss", "brier_score", "accuracy", "mcc", "expected_calibration_error",
        *(f"{average}_{name}" for average in ("macro", "weighted") for name in _RANKED),
    },
    "regression": {
        "mean_absolute_error", "root_mean_squared_error", "r2", "interval_coverage",
        "mean_absolute_percentage_error",
    },
}  # fmt: skip


def version_of(store: Bucket, model: str = "small") -> int:
    state = Registry(store).alias(model)
    assert state is not None
    return state.version


@pytest.mark.parametrize("task", TASKS)
def test_a_landed_file_becomes_a_champion_that_can_be_served(task: Task) -> None:
    store, key, contract = make_landed(task)
    result = run_training(store, raw_key=key, run_id="run-1", budget="tiny")
    assert (result.outcome, result.version, result.reason) == ("promoted", 1, "")
    record = Registry(store).version("small", version_of(store))
    bundle = load_bundle(store, record.bundle_id)
    assert bundle.manifest.contract == contract
    assert set(bundle.manifest.metrics) == METRICS[task]
    assert bundle.manifest.metrics == record.metrics
    assert bundle.manifest.decision_threshold == (0.5 if task == "binary" else None)
    assert bundle.manifest.parity.rows > bundle.manifest.holdout_rows
    assert bundle.manifest.holdout_rows + bundle.manifest.training_rows == 300
    assert bundle.manifest.profile.rows == bundle.manifest.training_rows
    assert Registry(store).default_model() == "small"
    assert read_json(store, "runs/run-1/outcome.json")["outcome"] == "promoted"
    # What serving does with a request:
    request: dict[str, object] = {"tenure": 3, "plan": "basic", "autopay": None, "charge": 90.5}
    inputs, _ = encode_records(contract, [request])
    answer = Graph(bundle.graph).predict(inputs)
    assert answer.shape == (1, len(CLASSES[task]) or 1)
    assert task == "regression" or answer.sum() == pytest.approx(1)


@pytest.mark.parametrize("task", TASKS)
def test_the_metrics_are_those_of_rows_that_no_candidate_was_fitted_to(task: Task) -> None:
    store, key, contract = make_landed(task)
    run_training(store, raw_key=key, run_id="r", budget="tiny")
    evaluation = runs.load_evaluation(store, "r")
    holdout = load_split(store, "r", contract).holdout
    bundle = load_bundle(store, evaluation.bundle_id)
    own = loss(task, Graph(bundle.graph).predict(holdout.inputs), holdout.target)
    assert own == evaluation.losses["candidate"]
    assert bundle.manifest.metrics[LOSS_NAMES[task]] == round_number(own)
    assert own < evaluation.losses["baseline"]


def test_the_same_data_and_seed_give_the_same_bundle_twice() -> None:
    found = []
    for _ in range(2):
        store, key, _ = make_landed()
        run_training(store, raw_key=key, run_id="r", budget="tiny", seed=3)
        found.append(runs.load_evaluation(store, "r"))
    same = [each.model_copy(update={"latency_ms": 0.0}) for each in found]
    assert same[0] == same[1]
    assert found[0].bundle_id == found[1].bundle_id


def test_the_manifest_says_what_the_bundle_was_made_of() -> None:
    store, key, _ = make_landed()
    run_training(store, raw_key=key, run_id="r", budget="tiny", seed=3)
    provenance = load_bundle(store, runs.load_evaluation(store, "r").bundle_id).manifest.provenance
    assert provenance.seed == 3
    assert provenance.dataset_version == runs.load_data(store, "r").version
    assert {"scikit-learn", "skl2onnx", "onnx", "onnxruntime", "duckdb"} <= set(provenance.packages)
    assert set(provenance.locks) == {"tables", "fit", "evaluate"}
    lock = Path("locks/lambda-fit.txt").read_bytes()
    assert provenance.locks["fit"] == hashlib.sha256(lock).hexdigest()


def test_a_second_run_is_compared_with_the_champion_on_the_same_holdout() -> None:
    store, key, _ = make_landed()
    run_training(store, raw_key=key, run_id="r1", budget="tiny")
    assert run_training(store, raw_key=key, run_id="r2", budget="tiny").version == 2
    evaluation = runs.load_evaluation(store, "r2")
    assert evaluation.champion_version == 1
    assert evaluation.losses["champion"] == evaluation.losses["candidate"]
    assert version_of(store) == 2


def test_a_worse_model_is_refused_and_the_champion_stays() -> None:
    store, key, contract = make_landed(rows=600)
    run_training(store, raw_key=key, run_id="good", budget="tiny")
    rows = make_rows(rows=600)
    random = np.random.default_rng(1)
    for row in rows:  # targets that hardly depend on the columns any more
        if random.random() < 0.8:
            row[5] = ("No", "Yes")[random.integers(0, 2)]
    result = run_training(
        store, raw_key=land(store, to_csv(rows), contract), run_id="bad", budget="tiny"
    )
    assert result.outcome == "refused"
    assert "Failed: loss" in result.reason
    assert version_of(store) == 1
    assert len(Registry(store).versions("small")) == 1


def test_a_champion_that_takes_other_inputs_is_not_compared() -> None:
    store, key, contract = make_landed()
    run_training(store, raw_key=key, run_id="r1", budget="tiny")
    narrow = contract.model_copy(update={"columns": contract.columns[1:], "ignored": ("tenure",)})
    key = land(store, to_csv(make_rows()), narrow)
    assert run_training(store, raw_key=key, run_id="r2", budget="tiny").outcome == "promoted"
    evaluation = runs.load_evaluation(store, "r2")
    assert "champion" not in evaluation.losses
    assert evaluation.champion_version == 1


def test_nothing_can_be_learned_when_the_target_is_chance() -> None:
    rows = make_rows(rows=400)
    random = np.random.default_rng(1)
    for row in rows:
        row[5] = ("No", "Yes")[random.integers(0, 2)]
    store = open_memory()
    key = land(store, to_csv(rows), make_contract())
    result = run_training(store, raw_key=key, run_id="r", budget="tiny")
    assert result.outcome == "refused"
    assert "baseline" in result.reason
    assert Registry(store).alias("small") is None
    assert Registry(store).default_model() is None


def test_a_rejected_file_is_an_outcome_with_its_reason() -> None:
    store, _, contract = make_landed()
    key = land(store, to_csv(make_rows(rows=20)), contract)
    result = run_training(store, raw_key=key, run_id="r", budget="tiny")
    assert result.outcome == "rejected"
    assert read_json(store, "runs/r/outcome.json") == {
        "outcome": "rejected", "reason": result.reason, "run_id": "r",
    }  # fmt: skip
    assert not list(store.list("bundles/"))


def _prepare(store: Bucket, key: str, run_id: str = "r") -> None:
    found = start_run(store, raw_key=key, run_id=run_id, budget="tiny")
    split_dataset(store, run_id=run_id, version=found.version)
    for candidate in runs.load_spec(store, run_id).candidates:
        fit_and_export(store, run_id=run_id, candidate=candidate)


def test_registering_and_promoting_twice_change_nothing() -> None:
    store, key, _ = make_landed()
    _prepare(store, key)
    evaluate_run(store, run_id="r")
    for _ in range(2):
        version = register_run(store, run_id="r").version
        state = promote_run(store, run_id="r", version=version)
    assert (version, state.revision) == (1, 1)
    assert len(Registry(store).history("small", "champion")) == 1


def test_rejects_a_promotion_when_the_champion_was_moved_since_the_comparison() -> None:
    store, key, _ = make_landed()
    _prepare(store, key, "slow")
    evaluate_run(store, run_id="slow")
    run_training(store, raw_key=key, run_id="fast", budget="tiny")
    version = register_run(store, run_id="slow").version
    with pytest.raises(ConflictError, match="moved while this run"):
        promote_run(store, run_id="slow", version=version)
    assert version_of(store) == 1


def test_keeps_the_default_model_when_another_one_is_promoted() -> None:
    store, key, _ = make_landed()
    run_training(store, raw_key=key, run_id="r1", budget="tiny")
    other = land(store, to_csv(make_rows()), make_contract(dataset="other"))
    run_training(store, raw_key=other, run_id="r2", budget="tiny")
    assert Registry(store).default_model() == "small"
    assert Registry(store).models() == ["other", "small"]


def test_rejects_a_graph_that_is_not_the_one_that_was_fitted() -> None:
    store, key, _ = make_landed()
    _prepare(store, key)
    for candidate in CANDIDATES_OF["tiny"]:
        store.put(keys.run_candidate("r", candidate, "model.onnx"), b"another")
    with pytest.raises(IntegrityError, match="does not have the hash"):
        evaluate_run(store, run_id="r")


def test_the_gate_sees_a_graph_that_lies() -> None:
    store, key, _ = make_landed()
    _prepare(store, key)
    best = choose([
        runs.load(store, keys.run_candidate("r", name, "result.json"), runs.CandidateResult)
        for name in CANDIDATES_OF["tiny"]
    ]).picked  # fmt: skip
    graph = store.get(keys.run_candidate("r", "baseline", "model.onnx")).body
    store.put(keys.run_candidate("r", best.candidate, "model.onnx"), graph)
    lying = best.model_copy(update={"graph_sha256": hashlib.sha256(graph).hexdigest()})
    runs.write(store, keys.run_candidate("r", best.candidate, "result.json"), lying)
    evaluation = evaluate_run(store, run_id="r")
    assert evaluation.parity.max_abs_difference > 0.01
    assert not evaluation.parity.classes_identical


def test_a_run_goes_on_without_a_candidate_that_failed() -> None:
    store, key, _ = make_landed()
    _prepare(store, key)
    picked = evaluate_run(store, run_id="r").candidate
    failed = runs.CandidateResult(candidate=picked, status="failed", reason="too little memory")
    runs.write(store, keys.run_candidate("r", picked, "result.json"), failed)
    evaluation = evaluate_run(store, run_id="r")
    assert evaluation.candidate not in (picked, "baseline")
    assert load_bundle(store, evaluation.bundle_id).manifest.candidate == evaluation.candidate


def test_a_run_in_which_only_the_baseline_could_be_fitted_is_refused() -> None:
    store, key, _ = make_landed()
    _prepare(store, key)
    for candidate in CANDIDATES_OF["tiny"][1:]:
        failed = runs.CandidateResult(candidate=candidate, status="failed", reason="why")
        runs.write(store, keys.run_candidate("r", candidate, "result.json"), failed)
    assert evaluate_run(store, run_id="r").candidate == "baseline"
    verdict = judge_run(store, run_id="r")
    assert not verdict.passed
    assert "baseline" in verdict.reason


def test_a_run_that_cannot_be_fitted_is_kept_with_its_reason() -> None:
    store, contract = open_memory(), make_contract().model_copy(update={"time": "day"})
    rows = [[*row, "2024-01-01"] for row in make_rows()]
    body = to_csv(rows, header=(*HEADER, "day"))
    with pytest.raises(InvalidInputError, match="All rows have the same time"):
        run_training(store, raw_key=land(store, body, contract), run_id="r", budget="tiny")
    ended = read_json(store, "runs/r/outcome.json")
    assert ended["outcome"] == "failed"
    assert "All rows have the same time" in str(ended["reason"])


def test_records_how_a_run_ended() -> None:
    store = open_memory()
    record_outcome(store, run_id="r", outcome="failed", reason="the bucket was down")
    assert read_json(store, "runs/r/outcome.json")["reason"] == "the bucket was down"


def test_rejects_a_run_file_that_no_step_wrote() -> None:
    store = open_memory()
    store.put("runs/r/spec.json", b'{"run_id": 3}')
    with pytest.raises(IntegrityError, match=r"runs/r/spec.json is not what"):
        runs.load_spec(store, "r")
