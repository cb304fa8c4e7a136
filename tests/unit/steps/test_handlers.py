import json
from types import ModuleType
from typing import Any

import pytest

from core.causes import describe_cause
from core.errors import InvalidInputError
from core.registry import Registry
from core.store import Bucket, open_memory
from lambdas.steps import (
    candidate,
    environment,
    evaluate,
    gate,
    promote,
    record,
    register,
    split,
    validate,
)
from tests.unit.training.worlds import land, make_contract, make_rows, read_json, to_csv

MODULES = (candidate, evaluate, gate, promote, record, register, split, validate)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    bucket = open_memory()
    for module in MODULES:
        monkeypatch.setattr(module, "open_data_bucket", lambda: bucket)
    monkeypatch.setenv("STAGE", "dev")
    monkeypatch.setenv("METRICS_NAMESPACE", "ClosedLoop")
    return bucket


def as_state_machine(value: object) -> dict[str, Any]:
    """Step Functions passes JSON on: what is no JSON fails here."""
    found: dict[str, Any] = json.loads(json.dumps(value, allow_nan=False))
    return found


def emitted(text: str) -> dict[str, Any]:
    (line,) = text.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_the_steps_lead_from_a_landed_file_to_a_champion(store: Bucket) -> None:
    raw_key = land(store, to_csv(make_rows()), make_contract())
    run = {"run_id": "4f1c_77"}
    found = as_state_machine(validate.handler({"request": {"raw_key": raw_key}, **run}, None))
    assert found["status"] == "ok"
    assert (found["dataset"], found["rows"], found["quarantined"]) == ("small", 300, 0)
    taken = {"dataset": found["dataset"], "version": found["version"], **run}
    cut = as_state_machine(split.handler(taken, None))
    assert cut["candidates"] == ["baseline", "linear", "boosting"]
    assert cut["cells"] == 300 * 4  # what decides whether a function is large enough
    for name in cut["candidates"]:
        result = as_state_machine(candidate.handler({"candidate": name, **run}, None))
        assert (result["candidate"], result["status"], result["reason"]) == (name, "ok", "")
        assert result["cross_validated_loss"] > 0
    best = as_state_machine(evaluate.handler(run, None))
    assert set(best) == {"candidate", "bundle_id", "metrics"}
    verdict = as_state_machine(gate.handler(run, None))
    assert verdict["passed"] is True
    assert all({"rule", "value", "limit", "passed"} <= set(rule) for rule in verdict["rules"])
    registered = as_state_machine(register.handler(run, None))
    for _ in range(2):  # a retry changes nothing
        promoted = as_state_machine(
            promote.handler({"version": registered["version"], **run}, None)
        )
    assert promoted == {"model": "small", "alias": "champion", "version": 1}
    champion = Registry(store).alias("small")
    assert champion is not None
    assert (champion.version, champion.revision) == (1, 1)
    assert Registry(store).version("small", 1).bundle_id == best["bundle_id"]


def test_a_rejected_file_is_a_result_and_not_an_exception(store: Bucket) -> None:
    raw_key = land(store, b"", make_contract())
    found = as_state_machine(
        validate.handler({"request": {"raw_key": raw_key}, "run_id": "r"}, None)
    )
    assert found["status"] == "rejected"
    assert found["reason"].endswith("is empty")


def test_validate_takes_what_is_asked_for_and_its_own_defaults_without(store: Bucket) -> None:
    raw_key = land(store, to_csv(make_rows(rows=60)), make_contract())
    asked = {"raw_key": raw_key, "seed": 7, "budget": "tiny", "prefer": "simple"}
    validate.handler({"request": asked, "run_id": "r1"}, None)
    validate.handler({"request": {"raw_key": raw_key}, "run_id": "r2"}, None)
    spec = read_json(store, "runs/r1/spec.json")
    assert (spec["seed"], spec["budget"], spec["prefer"]) == (7, "tiny", "simple")
    spec = read_json(store, "runs/r2/spec.json")
    assert (spec["seed"], spec["budget"], spec["prefer"]) == (0, "tiny", "best")


def test_a_larger_budget_tries_more_candidates(store: Bucket) -> None:
    request = {"raw_key": land(store, to_csv(make_rows()), make_contract()), "budget": "standard"}
    found = validate.handler({"request": request, "run_id": "r"}, None)
    cut = split.handler({"run_id": "r", "version": found["version"]}, None)
    assert cut["candidates"] == ["baseline", "linear", "boosting", "forest", "neural"]


def test_a_job_that_failed_is_counted_and_the_other_candidates_go_on(
    store: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    raw_key = land(store, to_csv(make_rows()), make_contract())
    run = {"run_id": "r"}
    found = validate.handler({"request": {"raw_key": raw_key}, **run}, None)
    split.handler({"version": found["version"], **run}, None)
    candidate.handler({"candidate": "baseline", **run}, None)
    candidate.handler({"candidate": "linear", **run}, None)
    cause = json.dumps({"TrainingJobStatus": "Failed", "FailureReason": "no machine was spare"})
    failure = {"Error": "States.TaskFailed", "Cause": cause}
    assert "TrainingFailures" not in capsys.readouterr().out
    result = as_state_machine(
        candidate.handler({"candidate": "boosting", "failure": failure, **run}, None)
    )
    assert result == {
        "candidate": "boosting",
        "status": "failed",
        "cross_validated_loss": None,
        "reason": "The training job failed: no machine was spare",
    }
    line = emitted(capsys.readouterr().out)
    assert (line["TrainingFailures"], line["Stage"]) == (1.0, "dev")
    assert evaluate.handler(run, None)["candidate"] == "linear"


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [("failed", 1.0), ("promoted", 0.0), ("refused", 0.0), ("rejected", 0.0)],
)
def test_record_counts_a_failure_and_nothing_else(
    store: Bucket, capsys: pytest.CaptureFixture[str], outcome: str, failures: float
) -> None:
    event = {"run_id": "r", "outcome": outcome, "reason": "because"}
    assert as_state_machine(record.handler(event, None)) == event
    assert read_json(store, "runs/r/outcome.json") == event
    line = emitted(capsys.readouterr().out)
    assert (line["TrainingFailures"], line["Stage"]) == (failures, "dev")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stage"]]


def test_record_counts_a_failure_even_when_the_bucket_is_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> Bucket:
        raise ConnectionError

    monkeypatch.setattr(record, "open_data_bucket", refuse)
    monkeypatch.setenv("STAGE", "dev")
    with pytest.raises(ConnectionError):
        record.handler({"run_id": "r", "outcome": "failed", "reason": ""}, None)
    assert emitted(capsys.readouterr().out)["TrainingFailures"] == 1.0


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("plain", "plain"),
        (None, ""),
        ({}, ""),
        ({"Error": "States.Timeout", "Cause": ""}, "States.Timeout"),
        ({"Error": "E", "Cause": "not JSON"}, "E: not JSON"),
        ({"Error": "E", "Cause": "[1]"}, "E: [1]"),
        (
            {"Error": "IntegrityError", "Cause": '{"errorMessage": "a hash", "stackTrace": ["x"]}'},
            "IntegrityError: a hash",
        ),
        ("x" * 5000, "x" * 2000),
    ],
)
def test_describes_a_reason_as_one_text(reason: object, said: str) -> None:
    assert describe_cause(reason) == said


@pytest.mark.parametrize(
    ("module", "event"),
    [
        (validate, {"run_id": "r"}),
        (validate, {"run_id": "r", "request": {}}),
        (validate, {"run_id": "r", "request": "raw/small/x"}),
        (validate, {"request": {"raw_key": "raw/small/x"}, "run_id": "../up"}),
        (validate, {"request": {"raw_key": "raw/small/x", "seed": -1}, "run_id": "r"}),
        (validate, {"request": {"raw_key": "raw/small/x", "seed": True}, "run_id": "r"}),
        (validate, {"request": {"raw_key": "raw/small/x", "budget": "huge"}, "run_id": "r"}),
        (validate, {"request": {"raw_key": "raw/small/x", "prefer": 1}, "run_id": "r"}),
        (split, {"run_id": "r"}),
        (candidate, {"candidate": "linear"}),
        (evaluate, {"run_id": 5}),
        (promote, {"run_id": "r", "version": "1"}),
        (record, {"run_id": "r", "outcome": "won", "reason": ""}),
    ],
)
def test_rejects_an_event_that_is_not_a_steps(
    store: Bucket, module: ModuleType, event: dict[str, object]
) -> None:
    with pytest.raises(InvalidInputError):
        module.handler(event, None)
    assert not list(store.list("runs/"))


def test_opens_the_bucket_of_the_environment_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_bucket(name: str) -> Bucket:
        opened.append(name)
        return open_memory()

    monkeypatch.setenv("BUCKET", "the-bucket")
    monkeypatch.setattr(environment, "open_bucket", open_bucket)
    environment.open_data_bucket.cache_clear()
    assert environment.open_data_bucket() is environment.open_data_bucket()
    environment.open_data_bucket.cache_clear()
    assert opened == ["the-bucket"]
