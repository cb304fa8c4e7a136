"""Step *record*: note how the run ended, and count it when it failed."""

import json
from collections.abc import Mapping
from typing import cast, get_args

from core.errors import InvalidInputError
from core.telemetry import emit_metrics
from lambdas.steps.environment import Event, open_data_bucket, read_run_id, read_text, stage
from training.judge.release import Outcome, record_outcome

_MAX_REASON_CHARACTERS = 2000


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id``, ``outcome`` and ``reason``; write ``outcome.json``, emit TrainingFailures.

    `reason` is a text, or what a Catch of Step Functions puts there: an object with "Error" and
    "Cause".
    """
    outcome = read_text(event, "outcome")
    if outcome not in get_args(Outcome):
        raise InvalidInputError(f"An outcome is one of {', '.join(get_args(Outcome))}.")
    # Counted first: a bucket that is down must not hide that the run failed.
    failures = 1.0 if outcome == "failed" else 0.0
    emit_metrics({"TrainingFailures": (failures, "Count")}, dimensions={"Stage": stage()})
    ended = record_outcome(
        open_data_bucket(),
        run_id=read_run_id(event),
        outcome=cast("Outcome", outcome),
        reason=describe_reason(event.get("reason")),
    )
    return ended.model_dump(mode="json")


def describe_reason(reason: object) -> str:
    """Return a reason as one text: as it is, or the message of the error that was caught."""
    if isinstance(reason, str):
        return reason[:_MAX_REASON_CHARACTERS]
    if not isinstance(reason, Mapping):
        return ""
    message = _find_message(reason.get("Cause"))
    error = str(reason.get("Error", ""))
    return ": ".join(part for part in (error, message) if part)[:_MAX_REASON_CHARACTERS]


def _find_message(cause: object) -> str:
    """Return the message in a function's error document, or the cause itself if it is none."""
    if not isinstance(cause, str):
        return ""
    try:
        document = json.loads(cause)
    except json.JSONDecodeError:
        return cause
    if isinstance(document, dict) and "errorMessage" in document:
        return str(document["errorMessage"])
    return cause
