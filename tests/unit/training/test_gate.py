from typing import Any

import pytest

from core.bundle import MAX_GRAPH_BYTES, Parity
from core.contract import Task
from tests.unit.training.worlds import make_contract
from training.data.judging import Decision, Judging, Limits
from training.data.runs import Comparison, Evaluation, GateReport, Slice
from training.judge.gate import judge

BETTER = Comparison(difference=-0.1, low=-0.12, high=-0.08, share_better=1.0)
ALIKE = Comparison(difference=0.0, low=-0.001, high=0.001, share_better=0.5)
SLICE = Slice(
    column="plan", value="pro", rows=80, loss=0.2, low=0.1, high=0.3, excess=-0.2, rates={}
)
GOOD = Evaluation(
    candidate="linear",
    bundle_id="0" * 64,
    metrics={"expected_calibration_error": 0.02, "precision": 0.8},
    losses={"candidate": 0.10, "baseline": 0.20, "champion": 0.10},
    champion_version=1,
    parity=Parity(rows=10, max_abs_difference=1e-7, classes_identical=True, tolerance=1e-5),
    graph_size_bytes=1000,
    comparisons={"baseline": BETTER, "champion": ALIKE},
    intervals={"precision": (0.7, 0.88), "recall": (0.3, 0.5)},
    calibration_error_by_chance=0.03,
    slices=(SLICE,),
    latency_ms=0.1,
    repeats_itself=True,
    repeated_rows=10,
)


def change(**changed: Any) -> Evaluation:  # noqa: ANN401 - whatever a field holds
    return GOOD.model_copy(update=changed)


def with_losses(**losses: float) -> Evaluation:
    return change(losses=losses)


def with_parity(**changed: object) -> Evaluation:
    return change(parity=GOOD.parity.model_copy(update=changed))


def with_slice(**changed: object) -> Evaluation:
    return change(slices=(SLICE, SLICE.model_copy(update=changed)))


def verdict(
    evaluation: Evaluation, judging: Judging | None = None, *, task: Task = "binary"
) -> GateReport:
    return judge(evaluation, make_contract(task), judging or Judging(), holdout_rows=200)


@pytest.mark.parametrize(
    "evaluation",
    [
        GOOD,
        with_losses(candidate=0.1, baseline=0.2),
        with_losses(candidate=0.199, baseline=0.2),
        with_losses(candidate=0.101, baseline=0.2, champion=0.1),
        with_parity(max_abs_difference=1e-5),
        with_slice(excess=0.0),
        with_slice(excess=0.5, rows=49),
        change(slices=()),
        change(metrics={"expected_calibration_error": 0.09}, calibration_error_by_chance=0.1),
        change(metrics={"interval_coverage": 0.86}, calibration_error_by_chance=None),
    ],
)
def test_passes_a_candidate_within_every_limit(evaluation: Evaluation) -> None:
    report = verdict(evaluation)
    assert (report.passed, report.reason) == (True, "")
    names = [rule.rule for rule in report.rules]
    assert len(set(names)) == len(names) >= 8
    assert sum("champion" in name for name in names) == 2 * ("champion" in evaluation.losses)


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        (with_losses(candidate=0.2, baseline=0.2), "baseline's: 0.2, allowed 0.199 (off by 0.001)"),
        (
            with_losses(candidate=0.0, baseline=0.0, champion=1.0).model_copy(
                update={"candidate": "baseline"}
            ),
            "baseline's: 0, allowed 0",
        ),
        (
            change(comparisons={"baseline": ALIKE, "champion": ALIKE}),
            "better than the baseline beyond chance (upper end of the paired difference): 0.001",
        ),
        (
            with_losses(candidate=0.103, baseline=0.2, champion=0.1),
            "champion's: 0.103, allowed 0.102 (off by 0.001) (gate.max_loss_increase)",
        ),
        (
            change(
                comparisons={"baseline": BETTER, "champion": ALIKE.model_copy(update={"low": 0.01})}
            ),
            "not worse than the champion beyond chance (lower end of the paired difference): 0.01",
        ),
        (with_slice(excess=0.1), "no slice worse than the baseline beyond chance (worst: plan)"),
        (
            change(metrics={"expected_calibration_error": 0.09}),
            "expected calibration error: 0.09, allowed 0.05 (off by 0.04)",
        ),
        (
            change(metrics={"interval_coverage": 0.8}),
            "interval (the limit is what chance explains on so few rows): 0.8, allowed 0.836",
        ),
        (
            change(metrics={"expected_calibration_error": 0.2}, calibration_error_by_chance=0.075),
            "error (the limit is what chance explains on so few rows): 0.2, allowed 0.075",
        ),
        (
            with_parity(max_abs_difference=2e-5),
            "answers as scikit-learn does: 2e-05, allowed 1e-05",
        ),
        (with_parity(classes_identical=False), "decides every row as scikit-learn does: 0"),
        (change(repeats_itself=False), "exported twice, it gives the same bytes: 0, allowed 1"),
        (change(unlike_rows=1), "a second session of the graph answers otherwise: 1, allowed 0"),
        (
            change(batch_rows=10, unlike_batch_rows=1),
            "the graph for batch scoring answers otherwise: 1, allowed 0",
        ),
        (change(graph_size_bytes=MAX_GRAPH_BYTES + 1), "small enough to serve (bytes)"),
        (change(latency_ms=51.0), "time for one row (milliseconds): 51, allowed 50 (off by 1)"),
    ],
)
def test_refuses_a_candidate_with_the_rule_the_gap_and_advice(
    evaluation: Evaluation, said: str
) -> None:
    report = verdict(evaluation)
    failed = [rule for rule in report.rules if not rule.passed]
    assert not report.passed
    assert len(failed) == 1
    assert said in report.reason
    assert failed[0].advice in report.reason


def test_a_model_of_fewer_bits_is_not_said_to_have_bad_rows() -> None:
    worse = with_losses(candidate=0.2, baseline=0.3, champion=0.1)
    assert "what is wrong with the new rows" in verdict(worse).reason
    reduced = worse.model_copy(
        update={"parity": GOOD.parity.model_copy(update={"tolerance": 0.05})}
    )
    assert "--precision fp32" in verdict(reduced).reason
    assert "rows" not in verdict(reduced).reason


@pytest.mark.parametrize(
    ("evaluation", "gate"),
    [
        (with_losses(candidate=0.25, baseline=0.2, champion=0.25), None),
        (with_losses(candidate=0.11, baseline=0.2, champion=0.1), Limits(max_loss_increase=0.1)),
        (with_slice(excess=0.1), Limits(max_slice_excess=0.1)),
        (with_slice(excess=0.1, rows=80), Limits(min_slice_rows=81)),
        (change(metrics={"expected_calibration_error": 0.2}), Limits(max_calibration_error=0.2)),
        (change(metrics={"interval_coverage": 0.7}), Limits(max_coverage_shortfall=0.2)),
        (change(latency_ms=90.0), Limits(max_latency_ms=100)),
    ],
)
def test_a_declared_limit_is_the_one_that_holds(
    evaluation: Evaluation, gate: Limits | None
) -> None:
    assert not verdict(evaluation).passed
    if gate is not None:
        assert verdict(evaluation, Judging(gate=gate)).passed


def test_a_declared_target_is_a_rule_that_chance_may_stretch() -> None:
    def reach(decision: Decision) -> bool:
        return verdict(GOOD, Judging(decision=decision)).passed

    assert reach(Decision(target_precision=0.85))
    assert not reach(Decision(target_precision=0.9))
    assert reach(Decision(target_recall=0.5))
    assert not reach(Decision(target_recall=0.51))


def test_a_smaller_limit_of_bytes_holds_too() -> None:
    report = verdict(GOOD, Judging(gate=Limits(max_graph_bytes=999)))
    assert "1000, allowed 999 (off by 1) (gate.max_graph_bytes)" in report.reason


def test_names_every_rule_that_failed() -> None:
    report = verdict(with_losses(candidate=0.3, baseline=0.2, champion=0.1))
    assert report.reason.count("Failed:") == 2
