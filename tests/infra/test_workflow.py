"""The training workflow's states: what may fail is caught, what may pass is retried."""

import json
from typing import Any

import pytest

from tests.infra.conftest import Synthesize

States = dict[str, dict[str, Any]]


@pytest.fixture
def machine(synthesize: Synthesize) -> dict[str, Any]:
    (resource,) = (
        synthesize("local", "dev")
        .resources("AWS::StepFunctions::StateMachine", "training")
        .values()
    )
    parts = resource["Properties"]["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "arn" for part in parts)
    definition: dict[str, Any] = json.loads(text)
    return definition


@pytest.fixture
def states(machine: dict[str, Any]) -> States:
    found: States = machine["States"]
    return found


def walk(states: States) -> States:
    """Return all states, those of the Map's processor too."""
    inner: States = states["Candidates"]["ItemProcessor"]["States"]
    return states | inner


def test_every_task_is_retried_and_bounded(states: States) -> None:
    tasks = {name: state for name, state in walk(states).items() if state["Type"] == "Task"}
    assert len(tasks) == 11
    for name, task in tasks.items():
        assert task["TimeoutSeconds"] > 0, name
        assert "Lambda.TooManyRequestsException" in task["Retry"][0]["ErrorEquals"], name
        assert "States.ALL" not in task["Retry"][0]["ErrorEquals"], name


def test_every_fault_is_recorded_and_fails_the_run(states: States) -> None:
    for name, state in states.items():
        if state["Type"] in {"Task", "Map"} and name != "Record failure":
            (catch,) = state["Catch"]
            assert catch["ErrorEquals"] == ["States.ALL"], name
            assert catch["Next"] == "Record failure", name
    record = states["Record failure"]
    assert record["Next"] == record["Catch"][0]["Next"] == "Failed"
    assert record["Parameters"]["outcome"] == "failed"
    assert record["Parameters"]["reason.$"] == "$.failure"
    assert states["Failed"]["Type"] == "Fail"


def test_business_outcomes_end_well(states: States) -> None:
    for outcome in ("rejected", "refused", "promoted"):
        record = states[f"Record {outcome}"]
        assert record["Parameters"]["outcome"] == outcome
        assert states[record["Next"]]["Type"] == "Succeed"


def test_candidates_are_tried_side_by_side_with_a_bound(states: States) -> None:
    assert states["Candidates"]["MaxConcurrency"] == 3
    assert states["Candidates"]["ItemsPath"] == "$.split.candidates"


def test_run_is_named_after_the_execution(states: States) -> None:
    for name, state in walk(states).items():
        if state["Type"] == "Task":
            assert state["Parameters"]["run_id.$"] == "$$.Execution.Name", name


def test_first_step_sees_the_whole_input(states: States, machine: dict[str, Any]) -> None:
    assert machine["StartAt"] == "Validate"
    assert states["Validate"]["Parameters"]["request.$"] == "$$.Execution.Input"


def test_every_state_can_be_reached(states: States, machine: dict[str, Any]) -> None:
    reached, waiting = set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        state = states[name]
        ways = [state.get("Next"), state.get("Default")]
        ways += [way["Next"] for way in (*state.get("Choices", ()), *state.get("Catch", ()))]
        waiting += [way for way in ways if way]
    assert reached == set(states)
