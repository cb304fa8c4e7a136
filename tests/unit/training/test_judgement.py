"""What a run's declared costs, targets and limits come to, from the landed file to the verdict."""

import numpy as np
import pytest

from core.bundle import Manifest, load_bundle
from core.contract import Contract, Task
from core.store import Bucket
from tests.unit.training.worlds import make_contract, make_landed
from training.data import runs
from training.data.arrays import load_split
from training.data.judging import Decision, Judging, Limits
from training.data.reports import Report
from training.judge.graph import Graph
from training.judge.parity import measure_parity
from training.model import repeat
from training.model.candidates import fit_candidate
from training.model.recipes import find_recipe
from training.model.repeat import choose_rows, repeats_itself, shorten
from training.run import RunResult, run_training


def train(
    task: Task, judging: Judging | None = None, *, rows: int = 300
) -> tuple[Bucket, RunResult]:
    store, key, contract = make_landed(task, rows=rows)
    if judging is not None:
        store.put(f"contracts/{contract.dataset}.judging.json", judging.to_json())
    return store, run_training(store, raw_key=key, run_id="r", budget="tiny")


def load_manifest(store: Bucket) -> Manifest:
    return load_bundle(store, runs.load_evaluation(store, "r").bundle_id).manifest


def load_report(store: Bucket) -> Report:
    return runs.load(store, "runs/r/report.json", Report)


def test_declared_costs_reach_the_spec_and_the_threshold_that_serves() -> None:
    judging = Judging(decision=Decision(false_negative_cost=4))
    store, result = train("binary", judging)
    assert result.outcome == "promoted"
    assert runs.load_spec(store, "r").judging == judging
    manifest = load_manifest(store)
    assert manifest.decision_threshold == pytest.approx(0.2)
    report = load_report(store)
    assert report.decision_threshold == manifest.decision_threshold
    (_, fp), (fn, tp) = report.confusion
    assert report.expected_cost == pytest.approx((fp + 4 * fn) / report.holdout_rows)
    assert manifest.metrics["recall"] == pytest.approx(tp / (fn + tp))


def test_a_declared_recall_is_reached_on_rows_that_no_model_saw() -> None:
    store, result = train("binary", Judging(decision=Decision(target_recall=0.9)), rows=900)
    assert result.outcome == "promoted"
    manifest = load_manifest(store)
    assert manifest.decision_threshold is not None
    assert manifest.decision_threshold < 0.5
    assert manifest.metrics["recall"] == pytest.approx(0.9, abs=0.08)


def test_a_limit_that_nobody_can_keep_refuses_and_is_named() -> None:
    _, result = train("binary", Judging(gate=Limits(max_latency_ms=1e-6)))
    assert result.outcome == "refused"
    assert "gate.max_latency_ms" in result.reason
    assert result.version is None


def test_settings_that_make_no_sense_reject_the_file() -> None:
    store, key, contract = make_landed()
    store.put(f"contracts/{contract.dataset}.judging.json", b'{"gate":{"max_latency_ms":0}}')
    result = run_training(store, raw_key=key, run_id="r", budget="tiny")
    assert result.outcome == "rejected"
    assert "gate.max_latency_ms" in result.reason


def test_a_regression_has_an_interval_that_holds_what_was_declared() -> None:
    store, result = train("regression", Judging(decision=Decision(interval_coverage=0.8)), rows=900)
    assert result.outcome == "promoted"
    manifest = load_manifest(store)
    assert manifest.interval is not None
    assert manifest.interval.coverage == 0.8
    assert 0.7 <= manifest.metrics["interval_coverage"] <= 0.9
    assert load_report(store).interval_half_width == manifest.interval.half_width


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_prior_of_the_manifest_is_what_training_rows_tell(task: Task) -> None:
    store, _ = train(task, rows=900)
    manifest = load_manifest(store)
    target = load_split(store, "r", manifest.contract).training.target
    mean = float(np.mean(target))
    wanted = (mean,) if task == "regression" else (1 - mean, mean)
    assert manifest.prior == pytest.approx(wanted, rel=1e-5)


@pytest.fixture(scope="module")
def binary() -> tuple[Bucket, Contract]:
    store, _ = train("binary", rows=900)
    return store, runs.load_spec(store, "r").contract


def test_the_report_holds_what_people_look_at(binary: tuple[Bucket, Contract]) -> None:
    store, contract = binary
    report, evaluation = load_report(store), runs.load_evaluation(store, "r")
    assert set(report.intervals) == set(report.metrics) == set(report.baseline_metrics)
    assert report.comparisons["baseline"].high < 0
    assert {each.column for each in report.slices} == {column.name for column in contract.columns}
    assert {each.column for each in report.importances} == {c.name for c in contract.columns}
    assert len(report.hardest) == 10
    assert sum(each.rows for each in report.reliability) == report.holdout_rows
    assert evaluation.slices == report.slices
    assert evaluation.repeats_itself
    assert (evaluation.unlike_rows, evaluation.repeated_rows) == (0, report.holdout_rows)


def test_a_calibrated_graph_answers_as_the_calibrated_model(
    binary: tuple[Bucket, Contract],
) -> None:
    store, _ = binary
    manifest, evaluation = load_manifest(store), runs.load_evaluation(store, "r")
    results = [
        runs.load(store, f"runs/r/candidates/{name}/result.json", runs.CandidateResult)
        for name in runs.load_spec(store, "r").candidates
    ]
    for result in results:
        if result.candidate != "baseline":
            assert result.calibration_losses[result.calibration] == min(
                result.calibration_losses.values()
            )
            assert result.cross_validated_loss == pytest.approx(
                result.calibration_losses[result.calibration], rel=0.02
            )
    (picked,) = [each for each in results if each.candidate == manifest.candidate]
    assert manifest.calibration == evaluation.calibration == picked.calibration
    assert evaluation.parity.max_abs_difference < 1e-5
    body = store.get("runs/r/candidates/linear/model.onnx").body
    assert Graph(body).predict(load_split(store, "r", manifest.contract).holdout.inputs).min() >= 0


def test_parity_is_judged_at_the_threshold_that_serves() -> None:
    expected, answered = np.array([[0.801, 0.199]]), np.array([[0.799, 0.201]])
    assert measure_parity("binary", expected, answered).classes_identical
    assert not measure_parity("binary", expected, answered, threshold=0.2).classes_identical
    near = np.array([[0.8 - 1e-7, 0.2 + 1e-7]])
    assert measure_parity("binary", near, 1 - near[:, ::-1], threshold=0.2).classes_identical


def test_a_fit_that_differs_from_itself_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = train("binary")
    contract = runs.load_spec(store, "r").contract
    rows = load_split(store, "r", contract).training
    recipe = find_recipe("boosting")
    assert repeats_itself(recipe, rows, contract, seed=0, parameters={})
    answers = iter([b"one", b"another"])
    monkeypatch.setattr(repeat, "export_graph", lambda _model: next(answers))
    assert not repeats_itself(recipe, rows, contract, seed=0, parameters={})


@pytest.mark.parametrize("name", ["linear", "boosting", "forest", "neural"])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_repetition_is_short_whatever_the_candidate(name: str, task: Task) -> None:
    recipe, contract = find_recipe(name), make_contract(task)
    short = shorten(recipe, contract, {"model__max_iter": 10} if name == "boosting" else {})
    assert all(0 < value <= repeat.MAX_STEPS for value in short.values())
    is_closed_form = (name, task) == ("linear", "regression")
    assert bool(short) is not is_closed_form
    if name == "boosting":
        assert short == {"model__max_iter": 10}


def test_the_rows_of_a_repetition_hold_every_class() -> None:
    store, _ = train("multiclass", rows=900)
    contract = runs.load_spec(store, "r").contract
    rows = load_split(store, "r", contract).training
    rows.target[:] = 0
    rows.target[[5, 6, 7]] = 1
    rows.target[[8, 9, 10]] = 2
    chosen = choose_rows(rows, contract)
    assert len(chosen) <= repeat.MAX_ROWS + 4
    counts = np.bincount(rows.target[chosen].astype(int), minlength=3)
    assert counts.min() >= 2
    assert fit_candidate(find_recipe("linear"), rows.select(chosen), contract, seed=0)
