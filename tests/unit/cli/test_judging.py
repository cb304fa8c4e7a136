import json

import pytest

from core.bundle import Parity
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World
from training.data.judging import Decision, Judging, Limits, load_judging
from training.data.reports import Example, Fairness, Importance, Report
from training.data.runs import Comparison, Evaluation, Slice, write
from training.judge.gate import judge

COMPARED = Comparison(difference=-0.1, low=-0.12, high=-0.08, share_better=1.0)
SLICE = Slice(
    column="plan", value="pro", rows=80, loss=0.2, low=0.1, high=0.3, excess=-0.2, rates={}
)
REPORT = Report(
    candidate="boosting",
    bundle_id="0" * 64,
    holdout_rows=200,
    metrics={"brier_score": 0.15, "roc_auc": 0.81},
    intervals={"brier_score": (0.13, 0.17)},
    baseline_metrics={"brier_score": 0.25},
    comparisons={"baseline": COMPARED},
    calibration="sigmoid",
    decision_threshold=0.2,
    expected_cost=0.31,
    slices=(SLICE,),
    fairness=(Fairness(column="age", groups=2, differences={"selection_rate": 0.25}),),
    hardest=(Example(features={"plan": None}, answer=0.01, truth="Yes", loss=0.98),),
    importances=(Importance(column="usage", increase=0.04, deviation=0.002),),
)
EVALUATION = Evaluation(
    candidate="boosting",
    bundle_id="0" * 64,
    metrics=REPORT.metrics,
    losses={"candidate": 0.15, "baseline": 0.25},
    parity=Parity(rows=9, max_abs_difference=0.0, classes_identical=True, tolerance=1e-5),
    graph_size_bytes=1000,
    comparisons=REPORT.comparisons,
    repeats_itself=True,
)


@pytest.fixture(autouse=True)
def one_version(world: World) -> None:
    contract = make_contract()
    make_champion(world.memory, contract, run_id="run-1")
    write(world.memory, "runs/run-1/report.json", REPORT)
    verdict = judge(EVALUATION, contract, Judging(), holdout_rows=200)
    write(world.memory, "runs/run-1/gate.json", verdict)


def test_gate_shows_every_setting_and_its_value(loop: Loop) -> None:
    told = loop("gate").stdout
    for name in ("decision.false_negative_cost", "gate.max_latency_ms", "decision.target_recall"):
        assert name in told
    document = json.loads(loop("gate", "--json").stdout)
    assert document == {"model": "subscriptions", **Judging().model_dump(mode="json")}


def test_gate_changes_settings_one_by_one_until_they_are_reset(loop: Loop, world: World) -> None:
    assert loop("gate", "--set", "decision.false_negative_cost=5").exit_code == 0
    result = loop("gate", "--set", "gate.max_latency_ms=2.5", "--set", "gate.min_slice_rows=20")
    assert "declared" in result.stdout
    assert "Next: loop train --data subscriptions" in result.stdout
    assert load_judging(world.memory, "subscriptions") == Judging(
        decision=Decision(false_negative_cost=5),
        gate=Limits(max_latency_ms=2.5, min_slice_rows=20),
    )
    loop("gate", "--set", "decision.target_recall=0.9")
    loop("gate", "--set", "decision.target_recall=null")
    assert load_judging(world.memory, "subscriptions").decision.target_recall is None
    loop("gate", "--reset")
    assert load_judging(world.memory, "subscriptions") == Judging()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gate.speed=1", "gate.speed is not a setting"),
        ("latency=1", "latency is not a setting"),
        ("gate.max_latency_ms", "is not a setting"),
        ("gate.max_latency_ms=fast", "must be a number"),
        ("gate.max_latency_ms=0", "gate.max_latency_ms: input should be greater than 0"),
        ("decision.false_positive_cost=-1", "must be above true_negative_cost"),
    ],
)
def test_rejects_a_setting_that_makes_no_sense(
    loop: Loop, world: World, setting: str, said: str
) -> None:
    result = loop("gate", "--set", setting)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert load_judging(world.memory, "subscriptions") == Judging()


def test_the_datasets_are_listed_without_their_settings(loop: Loop, world: World) -> None:
    world.memory.put("contracts/subscriptions.json", make_contract().to_json())
    loop("gate", "--set", "gate.max_latency_ms=9")
    listed = json.loads(loop("data", "list", "--json").stdout)
    assert "subscriptions.judging" not in json.dumps(listed)


def test_report_shows_the_champion(loop: Loop) -> None:
    told = loop("report").stdout
    for text in (
        "boosting on 200 rows", "0.1300 to 0.1700", "Answers yes from 0.2", "calibration: sigmoid",
        "Loss less the baseline's: -0.1", "plan", "Between the 2 groups of age", "usage",
        "better than the baseline beyond", "plan ?", "selection_rate 0.250",
        "loop card --run run-1",
    ):  # fmt: skip
        assert text in told
    document = json.loads(loop("report", "1", "--json").stdout)
    assert document["run_id"] == "run-1"
    assert document["gate"]["passed"] is True


def test_report_shows_a_run_that_was_refused(loop: Loop, world: World) -> None:
    write(world.memory, "runs/bad/report.json", REPORT)
    refused = EVALUATION.model_copy(update={"latency_ms": 80.0})
    verdict = judge(refused, make_contract(), Judging(), holdout_rows=200)
    write(world.memory, "runs/bad/gate.json", verdict)
    document = json.loads(loop("report", "--run", "bad", "--json").stdout)
    assert "milliseconds" in document["gate"]["reason"]


def test_rejects_a_report_of_what_is_not_there(loop: Loop) -> None:
    result = loop("report", "--run", "nothing")
    assert result.exit_code == 3
    assert "wrote no report.json" in result.stderr
    assert loop("report", "7").exit_code == 3
