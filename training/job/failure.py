"""A candidate whose job ended badly: noted as failed, so that the run's other candidates go on."""

import json
from collections.abc import Mapping

from core import keys
from core.store import ObjectStore
from training.data import runs

MAX_REASON_CHARACTERS = 1024


def note_failure(
    store: ObjectStore, *, run_id: str, candidate: str, failure: Mapping[str, object]
) -> runs.CandidateResult:
    """Write ``result.json`` of a candidate that could not write its own.

    Parameters
    ----------
    failure
        What a Catch of Step Functions holds: "Error" and "Cause", see `describe_failure`.
    """
    result = runs.CandidateResult(
        candidate=candidate, status="failed", reason=describe_failure(failure)
    )
    runs.write(store, keys.run_candidate(run_id, candidate, "result.json"), result)
    return result


def describe_failure(failure: Mapping[str, object]) -> str:
    """Say why a training job failed, in one sentence.

    The cause of a job that ran is SageMaker's description of it, where ``FailureReason`` holds what
    the job wrote into its ``failure`` file; of a job that was never made it is a text.
    """
    error, cause = str(failure.get("Error", "")), str(failure.get("Cause", ""))
    try:
        described = json.loads(cause)
    except json.JSONDecodeError:
        described = {}
    if isinstance(described, dict) and described:
        status = str(described.get("TrainingJobStatus") or "Failed").lower()
        cause = str(described.get("FailureReason") or f"it ended {status} and said no reason")
    sentence = ": ".join(part for part in ("The training job failed", cause or error) if part)
    return sentence[:MAX_REASON_CHARACTERS]
