import json

import pytest

from cli.workflow import Workflow
from core import keys
from core.errors import LoopError, UnavailableError
from core.store import ObjectStore, open_memory
from tests.unit.cli.doubles import FakeStates

RAW = "raw/a/0-a.csv"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> ObjectStore:
    return open_memory()


@pytest.fixture
def states(store: ObjectStore) -> FakeStates:
    def run(run_id: str, _raw_key: str) -> None:
        outcome = {"outcome": "promoted", "reason": ""}
        store.put(keys.run(run_id, "outcome.json"), json.dumps(outcome).encode())

    return FakeStates(run)


@pytest.fixture
def workflow(states: FakeStates, store: ObjectStore) -> Workflow:
    time = Time()
    return Workflow(
        client=states, state_machine_arn="arn", store=store, sleep=time.sleep, clock=time
    )


def test_execution_of_a_landed_file_is_found(workflow: Workflow) -> None:
    workflow.start("raw/a/other.csv")
    arn = workflow.start(RAW)
    again = workflow.start(RAW)

    assert workflow.find(RAW) in {arn, again}
    assert workflow.find("raw/a/none.csv") is None


def test_waiting_ends_when_no_event_comes(workflow: Workflow) -> None:
    with pytest.raises(UnavailableError, match="no training started") as caught:
        workflow.wait_for(RAW, within_s=3)
    assert "loop train" in caught.value.next_step


def test_each_step_is_told_once(workflow: Workflow, states: FakeStates) -> None:
    states.still_running = 4
    told: list[str] = []
    outcome = workflow.follow(workflow.start(RAW), told.append)

    assert outcome.is_good
    assert told == ["fitting the candidates"]


def test_following_ends_after_an_hour(workflow: Workflow, states: FakeStates) -> None:
    states.still_running = 1_000_000
    with pytest.raises(UnavailableError, match="for an hour"):
        workflow.follow(workflow.start(RAW), lambda _line: None)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_execution_that_wrote_nothing_is_a_failure(
    status: str, workflow: Workflow, states: FakeStates
) -> None:
    states.run = lambda _run_id, _raw_key: None
    states.ends_with = {"status": status, "cause": "killed"}
    outcome = workflow.follow(workflow.start(RAW), lambda _line: None)

    assert (outcome.result, outcome.is_good) == ("failed", False)
    assert "killed" in outcome.reason


def test_rejects_success_without_an_outcome(workflow: Workflow, states: FakeStates) -> None:
    states.run = lambda _run_id, _raw_key: None
    with pytest.raises(LoopError, match="wrote no outcome"):
        workflow.follow(workflow.start(RAW), lambda _line: None)


def test_input_that_is_not_ours_is_passed_over(workflow: Workflow, states: FakeStates) -> None:
    workflow.start(RAW)
    for text in ("[]", "{", "null"):
        next(iter(states.executions.values()))["input"] = text
        assert workflow.find(RAW) is None
