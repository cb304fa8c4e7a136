import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import keys
from core.contract import Contract, Task
from core.errors import InvalidInputError
from core.events import to_lines
from core.registry import Registry
from core.store import Bucket, open_memory
from lambdas.monitor import handler as monitor
from lambdas.monitor.compare import _compare_losses
from lambdas.monitor.handler import MonitorError, watch
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.monitor.worlds import (
    NOW,
    WINDOW,
    land_captures,
    land_feedback,
    make_captures,
)


@pytest.fixture
def store() -> Bucket:
    return open_memory()


@pytest.fixture
def contract(store: Bucket) -> Contract:
    contract = make_contract()
    make_champion(store, contract)
    return contract


def look(store: Bucket, *, window: timedelta = WINDOW) -> dict[str, Any]:
    # A moment after NOW: what the test landed has been written by then.
    return watch(store, stage="dev", window=window, now=NOW + timedelta(minutes=1))


def read_report(store: Bucket, model: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(store.get(keys.monitor_latest(model)).body)
    return report


def published(capsys: pytest.CaptureFixture[str]) -> dict[str | None, dict[str, float]]:
    """Return the metrics by model; None is the stage's own series."""
    series = {}
    for text in capsys.readouterr().out.splitlines():
        line = json.loads(text)
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["Stage", "Model"] if "Model" in line else ["Stage"]]
        assert line["Stage"] == "dev"
        series[line.get("Model")] = {m["Name"]: line[m["Name"]] for m in directive["Metrics"]}
    return series


def test_healthy_traffic_shows_little_drift(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    land_captures(store, make_captures(contract, 300))
    summary = look(store)
    (report,) = summary["models"]
    assert (report["captured_rows"], report["drift_verdict"], report["error"]) == (300, True, None)
    assert set(report["drift_by_column"]) == {"age", "plan", "usage", "active"}
    assert report["largest_drift"] < 0.1
    metrics = published(capsys)
    assert metrics[None] == metrics["subscriptions"]
    assert metrics[None]["Drift"] == report["largest_drift"]
    assert metrics[None]["CapturedRows"] == 300
    assert "LiveQuality" not in metrics[None]
    assert read_report(store, "subscriptions") == report


def test_a_shifted_column_is_named_and_published(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    land_captures(store, make_captures(contract, 200, usage_shift=80))
    (report,) = look(store)["models"]
    assert report["largest_drift_column"] == "usage"
    assert published(capsys)[None]["Drift"] == report["drift_by_column"]["usage"] > 0.25


def test_nothing_but_counts_is_published_when_there_are_too_few_rows(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    captures = make_captures(contract, 99, usage_shift=80)
    land_captures(store, captures)
    for capture in captures[:49]:
        land_feedback(store, capture, "No")
    (report,) = look(store)["models"]
    assert (report["drift_verdict"], report["quality_verdict"]) == (False, False)
    assert report["largest_drift"] > 0.25  # seen, but not acted on
    assert published(capsys)[None] == {"CapturedRows": 99, "LabelledRows": 49}


def test_rows_of_other_versions_and_other_times_are_left_out(
    store: Bucket, contract: Contract
) -> None:
    land_captures(store, make_captures(contract, 100))
    land_captures(store, make_captures(contract, 50, version=2, seed=1), request_id="r-2")
    before = NOW - timedelta(hours=3)
    land_captures(store, make_captures(contract, 50, at=before, seed=2), request_id="r-3")
    (report,) = look(store)["models"]
    assert report["captured_rows"] == 100


def test_a_new_champion_starts_afresh(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    land_captures(store, make_captures(contract, 200, usage_shift=80))
    make_champion(store, contract, bias=1.0, run_id="run-2")
    (report,) = look(store)["models"]
    assert (report["model_version"], report["captured_rows"]) == (2, 0)
    assert "Drift" not in published(capsys)[None]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_live_quality_is_the_live_loss_over_that_of_the_holdout(
    store: Bucket, task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = make_contract(task=task)
    make_champion(store, contract)
    captures = make_captures(contract, 120)
    land_captures(store, captures)
    for capture in captures[:60]:
        # The opposite of what was said, or a number that is 1 off.
        truth = contract.classes[0] if contract.classes else float(capture.prediction) + 1.0
        land_feedback(store, capture, truth)
    (report,) = look(store)["models"]
    assert (report["labelled_rows"], report["quality_verdict"]) == (60, True)
    assert report["holdout_loss"] == 0.15
    if task == "regression":
        # Every row is off by exactly 1, so that there is no doubt to subtract.
        assert report["live_loss"] == pytest.approx(1)
        assert report["quality"] == pytest.approx(1 / 0.15, rel=1e-4)
    assert 1.5 < report["quality"] <= report["live_loss"] / 0.15 + 1e-9
    assert published(capsys)[None]["LiveQuality"] == report["quality"]


def test_a_better_live_loss_is_told_as_it_is(store: Bucket) -> None:
    contract = make_contract(task="regression")
    make_champion(store, contract)
    captures = make_captures(contract, 60)
    land_captures(store, captures)
    for capture in captures:
        land_feedback(store, capture, float(capture.prediction) + 0.075)
    assert look(store)["models"][0]["quality"] == pytest.approx(0.5, rel=1e-4)


def test_chance_alone_raises_no_alarm_when_a_nearly_perfect_model_makes_its_usual_mistakes() -> (
    None
):
    rng = np.random.default_rng(0)
    # One row in forty is a confident mistake: a Brier score of 0.02, as good models have.
    ratios = [
        _compare_losses(np.where(rng.random(50) < 1 / 40, 0.8, 0.0), holdout=0.02)
        for _ in range(2_000)
    ]
    assert np.mean(np.array(ratios) >= 1.5) < 0.01


@pytest.mark.parametrize("outlier", [1e6, -1e30])
def test_one_outcome_far_beyond_the_others_hides_no_worse_model(
    store: Bucket, outlier: float
) -> None:
    contract = make_contract(task="regression")
    make_champion(store, contract)
    captures = make_captures(contract, 60)
    land_captures(store, captures)
    for capture in captures[1:]:
        land_feedback(store, capture, float(capture.prediction) + 1.0)
    land_feedback(store, captures[0], outlier)
    (report,) = look(store)["models"]
    assert report["quality"] == pytest.approx(1 / 0.15, rel=1e-4)


def test_an_outcome_beyond_float32_is_a_broken_record(store: Bucket) -> None:
    contract = make_contract(task="regression")
    make_champion(store, contract)
    [capture] = make_captures(contract, 1)
    land_captures(store, [capture])
    land_feedback(store, capture, 1.7e308)
    with pytest.raises(MonitorError, match=r"1 broken record$"):
        look(store)


def test_chance_alone_raises_no_alarm_when_losses_have_a_long_tail() -> None:
    rng = np.random.default_rng(0)
    ratios = [
        _compare_losses(rng.lognormal(0.0, 1.0, 50), holdout=float(np.exp(0.5)))
        for _ in range(2_000)
    ]
    assert np.mean(np.array(ratios) >= 1.5) < 0.01


def test_an_outcome_counts_when_its_prediction_is_hours_old(
    store: Bucket, contract: Contract
) -> None:
    served = NOW - timedelta(hours=20)
    captures = make_captures(contract, 60, at=served)
    land_captures(store, captures)
    for capture in captures:
        land_feedback(store, capture, "Yes")
    (report,) = look(store)["models"]
    assert (report["captured_rows"], report["labelled_rows"]) == (0, 60)


def test_an_outcome_that_arrived_before_the_window_is_left_out(
    store: Bucket, contract: Contract
) -> None:
    captures = make_captures(contract, 60)
    land_captures(store, captures)
    for capture in captures:
        land_feedback(store, capture, "Yes")
    later = watch(store, stage="dev", window=WINDOW, now=NOW + timedelta(hours=3))
    assert later["models"][0]["labelled_rows"] == 0


def test_an_outcome_without_a_known_prediction_is_left_out(
    store: Bucket, contract: Contract
) -> None:
    land_captures(store, make_captures(contract, 10))
    land_feedback(store, make_captures(contract, 1, seed=9)[0], "Yes")
    assert look(store)["models"][0]["labelled_rows"] == 0


def test_the_stage_is_as_bad_as_its_worst_model(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_contract(dataset="telco-churn")
    make_champion(store, other)
    land_captures(store, make_captures(contract, 150, usage_shift=80))
    land_captures(store, make_captures(other, 110))
    look(store)
    metrics = published(capsys)
    assert metrics["telco-churn"]["Drift"] < metrics["subscriptions"]["Drift"]
    assert metrics[None]["Drift"] == metrics["subscriptions"]["Drift"]
    assert metrics[None]["CapturedRows"] == 260


def test_a_broken_bundle_hides_no_other_model_and_raises_at_the_end(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = make_contract(dataset="a-first")
    version = make_champion(store, broken)
    store.put(keys.bundle_graph(version.bundle_id), b"not the promised graph")
    land_captures(store, make_captures(contract, 150))
    with pytest.raises(MonitorError, match=r"1 of 2 models.*a-first: The graph has 22 bytes"):
        look(store)
    metrics = published(capsys)
    assert metrics["subscriptions"]["CapturedRows"] == metrics[None]["CapturedRows"] == 150
    assert "a-first" not in metrics
    assert "The graph has" in read_report(store, "a-first")["error"]


def test_broken_records_are_counted_and_raise_at_the_end(
    store: Bucket, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    captures = make_captures(contract, 150)
    land_captures(store, captures)
    at = captures[0].served_at
    odd = captures[0].model_copy(
        update={"prediction_id": captures[0].prediction_id[:-3] + "fff", "features": {"age": "x"}}
    )
    store.put(keys.captured(at, "r-2"), b'{"half":\n')
    store.put(keys.captured(at, "r-3"), to_lines([odd]))
    store.put(keys.feedback("subscriptions", at, "0" * 32), b"[]")
    land_feedback(store, captures[1], "Maybe")
    with pytest.raises(MonitorError, match="subscriptions: 4 broken records"):
        look(store)
    report = read_report(store, "subscriptions")
    assert (report["captured_rows"], report["broken_records"]) == (150, 4)
    assert published(capsys)[None]["CapturedRows"] == 150


def test_no_value_of_a_record_is_told_when_it_is_broken(store: Bucket, contract: Contract) -> None:
    capture = make_captures(contract, 1)[0]
    capture = capture.model_copy(update={"features": {"age": "a-private-cell"}})
    land_captures(store, [capture])
    with pytest.raises(MonitorError) as told:
        look(store)
    assert "a-private-cell" not in str(told.value)
    assert b"a-private-cell" not in store.get(keys.monitor_latest("subscriptions")).body


def test_a_model_without_a_champion_is_not_looked_at(store: Bucket) -> None:
    Registry(store).register(
        model="telco-churn",
        bundle_id="b" * 64,
        run_id="run-1",
        dataset_version="d" * 64,
        candidate="linear",
        metrics={"brier_score": 0.1},
    )
    assert look(store)["models"] == []


def test_nothing_is_published_when_there_is_no_model(
    store: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(store)["models"] == []
    assert capsys.readouterr().out == ""


def test_the_newest_part_is_read_when_there_is_too_much(
    store: Bucket, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.captures.MAX_OBJECTS", 3)
    for number in range(5):
        captures = make_captures(contract, 10, seed=number)
        land_captures(store, captures, request_id=f"r-{number}")
    (report,) = look(store)["models"]
    assert (report["captured_rows"], report["truncated"]) == (30, True)


def test_the_handler_reads_its_environment(
    store: Bucket, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "data")
    monkeypatch.setenv("STAGE", "dev")
    monkeypatch.setenv("WINDOW_MINUTES", "15")
    monkeypatch.setattr(monitor, "open_bucket", {"data": store}.__getitem__)
    summary = monitor.handler({}, None)
    assert json.loads(json.dumps(summary)) == summary
    assert summary["models"][0]["model"] == "subscriptions"


@pytest.mark.parametrize("minutes", ["", "0", "-5", "1.5", "1441", "an hour"])
def test_rejects_a_window_that_is_no_number_of_minutes(
    minutes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "data")
    monkeypatch.setenv("STAGE", "dev")
    monkeypatch.setenv("WINDOW_MINUTES", minutes)
    with pytest.raises(InvalidInputError, match="WINDOW_MINUTES must be a whole number from 1"):
        monitor.handler({}, None)


def test_the_monitor_imports_nothing_that_its_package_does_not_hold() -> None:
    code = (
        "import sys, lambdas.monitor.handler\n"
        "print([m for m in ('boto3', 'botocore', 'sklearn', 'scipy', 'pandas', 'onnx',"
        " 'onnxruntime', 'duckdb', 'fastapi') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert ran.stdout.strip() == "[]"
