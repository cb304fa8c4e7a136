import pytest

from core.bundle import MAX_GRAPH_BYTES, Parity
from training.data.runs import Evaluation
from training.judge.gate import judge

GOOD = Evaluation(
    candidate="linear",
    bundle_id="0" * 64,
    metrics={},
    losses={"candidate": 0.10, "baseline": 0.20, "champion": 0.10},
    champion_version=1,
    parity=Parity(rows=10, max_abs_difference=1e-7, classes_identical=True, tolerance=1e-5),
    graph_size_bytes=1000,
)


def with_losses(**losses: float) -> Evaluation:
    return GOOD.model_copy(update={"losses": losses})


def with_parity(**changed: object) -> Evaluation:
    return GOOD.model_copy(update={"parity": GOOD.parity.model_copy(update=changed)})


@pytest.mark.parametrize(
    "evaluation",
    [
        GOOD,
        with_losses(candidate=0.1, baseline=0.2),
        with_losses(candidate=0.199, baseline=0.2),
        with_losses(candidate=0.101, baseline=0.2, champion=0.1),
        with_parity(max_abs_difference=1e-5),
    ],
)
def test_passes_a_candidate_within_every_limit(evaluation: Evaluation) -> None:
    report = judge(evaluation)
    assert report.passed
    assert report.reason == ""
    assert len(report.rules) == 4 + ("champion" in evaluation.losses)


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        (with_losses(candidate=0.2, baseline=0.2), "baseline's: 0.2, allowed 0.199 (off by 0.001)"),
        (with_losses(candidate=0.25, baseline=0.2), "baseline's: 0.25, allowed 0.199"),
        (
            with_losses(candidate=0.0, baseline=0.0, champion=1.0).model_copy(
                update={"candidate": "baseline"}
            ),
            "baseline's: 0, allowed 0",
        ),
        (
            with_losses(candidate=0.103, baseline=0.2, champion=0.1),
            "champion's: 0.103, allowed 0.102 (off by 0.001)",
        ),
        (
            with_parity(max_abs_difference=2e-5),
            "answers as scikit-learn does: 2e-05, allowed 1e-05",
        ),
        (with_parity(classes_identical=False), "chooses the classes that scikit-learn does: 0"),
        (
            GOOD.model_copy(update={"graph_size_bytes": MAX_GRAPH_BYTES + 1}),
            "small enough to serve (bytes)",
        ),
    ],
)
def test_refuses_a_candidate_with_the_rule_the_gap_and_advice(
    evaluation: Evaluation, said: str
) -> None:
    report = judge(evaluation)
    failed = [rule for rule in report.rules if not rule.passed]
    assert not report.passed
    assert len(failed) == 1
    assert said in report.reason
    assert failed[0].advice in report.reason


def test_names_every_rule_that_failed() -> None:
    report = judge(with_losses(candidate=0.3, baseline=0.2, champion=0.1))
    assert report.reason.count("Failed:") == 2
