from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import parts
from core.parts import PartError
from core.store import Bucket
from tests.fixtures.own_parts import Parts
from tests.unit.training.worlds import make_landed
from training.data import runs
from training.judge.gate import judge_run
from training.judge.own_rule import BROKEN, read_rule
from training.run import run_training


@pytest.fixture(scope="module")
def trained() -> Bucket:
    store, raw_key, _ = make_landed()
    run_training(store, raw_key=raw_key, run_id="r")
    store.put("first/gate.json", store.get("runs/r/gate.json").body)
    return store


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    yield Parts(tmp_path / "parts", monkeypatch)
    parts.set_deadline(None)


def judge(store: Bucket) -> runs.GateReport:
    return judge_run(store, run_id="r")


def test_the_learners_rule_is_one_more_and_the_last(trained: Bucket, own: Parts) -> None:
    before = judge(trained)
    own.good("rule")
    after = judge(trained)
    assert after.passed
    assert after.rules[:-1] == before.rules
    assert after.rules[-1].rule == "finds one in ten of those who leave"
    assert after.rules[-1].setting == "learner/rule.py"


def test_a_rule_that_is_not_passed_refuses_the_model(trained: Bucket, own: Parts) -> None:
    own.write(
        "rule",
        """
        def judge(evaluation):
            value = evaluation["metrics"]["roc_auc"]
            return {"rule": "ranks perfectly", "value": value, "limit": 1.0,
                    "passed": value >= 1.0, "advice": "Nobody does."}
        """,
    )
    verdict = judge(trained)
    assert not verdict.passed
    assert verdict.reason.startswith("Failed: ranks perfectly: 0.")
    assert verdict.reason.endswith("(learner/rule.py). Nobody does.")


def test_a_rule_knows_the_task_the_classes_and_the_rows(trained: Bucket, own: Parts) -> None:
    own.write(
        "rule",
        """
        def judge(evaluation):
            assert evaluation["task"] == "binary" and evaluation["classes"] == ["No", "Yes"]
            assert evaluation["holdout_rows"] + evaluation["training_rows"] == 300
            return {"value": evaluation["losses"]["candidate"], "limit": 1, "passed": True}
        """,
    )
    assert judge(trained).rules[-1].rule == "your own rule"
    assert judge(trained).passed


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def judge(e): return e['no']", "Your part rule broke at line 1: KeyError."),
        ("def judge(e): e", "Your part rule returned nothing; it must return a dict of value,"),
        ("import sklearn_of_old", "it imports 'sklearn_of_old', which is not installed"),
        ("def judge(e):\n    while True: pass", "at line 2: the time of its step was up."),
    ],
)
def test_a_broken_rule_refuses_with_one_sentence(
    trained: Bucket, own: Parts, code: str, said: str
) -> None:
    own.write("rule", code)
    parts.set_deadline(0.3)
    verdict = judge(trained)
    assert not verdict.passed
    assert verdict.reason.startswith(f"Failed: {BROKEN}. Your part rule ")
    assert said in verdict.reason
    assert "allowed" not in verdict.reason


def test_without_the_part_the_verdict_is_what_it_was(trained: Bucket) -> None:
    before = trained.get("first/gate.json").body
    judge(trained)
    assert trained.get("runs/r/gate.json").body == before
    assert b"learner" not in before


def test_numbers_and_truths_of_numpy_are_taken() -> None:
    found = read_rule(
        {"value": np.float32(0.5), "limit": np.int64(1), "passed": np.bool_(True)}  # noqa: FBT003
    )
    assert (found.value, found.limit, found.passed) == (0.5, 1.0, True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"limit": 1.0, "passed": True}, "no 'value' that is a finite number"),
        ({"value": float("nan"), "limit": 1.0, "passed": True}, "no 'value' that is a finite"),
        ({"value": "0.5", "limit": 1.0, "passed": True}, "no 'value' that is a finite number"),
        ({"value": 1.0, "limit": None, "passed": True}, "no 'limit' that is a finite number"),
        ({"value": 1.0, "limit": 1.0}, "no 'passed' that is True or False"),
        ({"value": 1.0, "limit": 1.0, "passed": "yes"}, "no 'passed' that is True or False"),
        (True, "returned a bool; it must return a dict"),
    ],
)
def test_rejects_a_verdict_that_is_none(wrong: object, said: str) -> None:
    with pytest.raises(PartError, match=said):
        read_rule(wrong)
