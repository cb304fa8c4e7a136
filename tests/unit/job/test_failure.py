import json

import pytest

from core.store import open_memory
from tests.unit.training.worlds import read_json
from training.data.names import CANDIDATES
from training.job.failure import MAX_REASON_CHARACTERS, describe_failure, note_failure

DESCRIBED = {"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: too little memory"}


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            {"Error": "States.TaskFailed", "Cause": json.dumps(DESCRIBED)},
            "The training job failed: AlgorithmError: too little memory",
        ),
        (
            {"Error": "States.TaskFailed", "Cause": '{"TrainingJobStatus":"Stopped"}'},
            "The training job failed: it ended stopped and said no reason",
        ),
        (
            {"Error": "SageMaker.ResourceLimitExceededException", "Cause": "limit is 0 instances"},
            "The training job failed: limit is 0 instances",
        ),
        ({"Error": "States.Timeout", "Cause": ""}, "The training job failed: States.Timeout"),
        ({"Error": "States.Timeout"}, "The training job failed: States.Timeout"),
        ({}, "The training job failed"),
    ],
)
def test_a_jobs_failure_is_one_sentence(failure: dict[str, object], said: str) -> None:
    assert describe_failure(failure) == said


def test_a_long_reason_is_cut() -> None:
    said = describe_failure({"Error": "E", "Cause": "x" * 5000})
    assert len(said) == MAX_REASON_CHARACTERS


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_failed_job_is_a_failed_candidate(candidate: str) -> None:
    store = open_memory()
    failure = {"Error": "States.TaskFailed", "Cause": json.dumps(DESCRIBED)}
    note_failure(store, run_id="r", candidate=candidate, failure=failure)
    found = read_json(store, f"runs/r/candidates/{candidate}/result.json")
    assert (found["candidate"], found["status"]) == (candidate, "failed")
    assert found["reason"] == "The training job failed: AlgorithmError: too little memory"
