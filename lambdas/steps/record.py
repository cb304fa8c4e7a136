"""Step *record*: note how the run ended, and count it when it failed."""

from typing import cast, get_args

from core.causes import describe_cause
from core.errors import InvalidInputError
from core.telemetry import emit_metrics
from lambdas.steps.environment import Event, open_data_bucket, read_run_id, read_text, stage
from training.judge.release import Outcome, record_outcome


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
        reason=describe_cause(event.get("reason")),
    )
    return ended.model_dump(mode="json")
