"""The batch workflow's states: a shard that fails stops no other, and every fault is told."""

import json
from typing import Any

import pytest

from tests.infra.conftest import Synthesize

States = dict[str, dict[str, Any]]


@pytest.fixture
def states(synthesize: Synthesize) -> States:
    (resource,) = (
        synthesize("local", "dev").resources("AWS::StepFunctions::StateMachine", "batch").values()
    )
    parts = resource["Properties"]["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "arn" for part in parts)
    found: States = json.loads(text)["States"]
    return found


def test_the_map_uses_only_what_every_target_does(states: States) -> None:
    shards = states["Shards"]
    assert shards["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert shards["ItemsPath"] == "$.plan.numbers"
    assert shards["MaxConcurrency"] > 0
    assert shards["ResultPath"] is None
    assert not shards.keys() & {
        "ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailurePercentage",
        "ToleratedFailureCount",
    }  # fmt: skip


def test_every_task_is_retried_and_bounded(states: States) -> None:
    every = states | states["Shards"]["ItemProcessor"]["States"]
    tasks = {name: state for name, state in every.items() if state["Type"] == "Task"}
    assert len(tasks) == 5
    for name, task in tasks.items():
        assert task["TimeoutSeconds"] > 0, name
        assert "Lambda.TooManyRequestsException" in task["Retry"][0]["ErrorEquals"], name
        assert "States.ALL" not in task["Retry"][0]["ErrorEquals"], name


def test_a_shard_that_fails_is_noted_and_fails_no_other(states: States) -> None:
    inner = states["Shards"]["ItemProcessor"]["States"]
    (catch,) = inner["Score"]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Note failure")
    assert inner["Note failure"]["Parameters"]["failure.$"] == "$.failure"
    (catch,) = inner["Note failure"]["Catch"]
    assert inner[catch["Next"]]["End"]


def test_every_other_fault_is_recorded_and_fails_the_job(states: States) -> None:
    for name in ("Plan", "Shards", "Finish"):
        (catch,) = states[name]["Catch"]
        assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Record failure"), name
    record = states["Record failure"]
    assert record["Next"] == record["Catch"][0]["Next"] == "Failed"


def test_a_long_file_is_planned_stretch_by_stretch(states: States) -> None:
    (more,) = states["More of the file?"]["Choices"]
    assert (more["Variable"], more["BooleanEquals"], more["Next"]) == ("$.plan.more", True, "Plan")
    assert states["More of the file?"]["Default"] == "Finish"
    assert states["Plan"]["Parameters"]["after.$"] == "$.plan.first"
    assert states["Begin"]["Result"] == {"first": -1}


def test_an_answer_with_gaps_does_not_end_well(states: States) -> None:
    (complete,) = states["All scored?"]["Choices"]
    assert states[complete["Next"]]["Type"] == "Succeed"
    assert states[states["All scored?"]["Default"]]["Type"] == "Fail"
