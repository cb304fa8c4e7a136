"""Step *candidate*: fit one candidate and export it. Runs side by side in a Map state.

Where the run is large the candidate is fitted by a SageMaker job instead (`training.job`), and this
step only notes the failure of one that ended badly.
"""

from core.telemetry import emit_metrics
from lambdas.steps.environment import (
    Event,
    limit_parts,
    open_data_bucket,
    read_object,
    read_run_id,
    read_text,
    stage,
)
from training.job.failure import note_failure
from training.model.fit import fit_and_export


def handler(event: Event, context: object) -> dict[str, object]:
    """Take ``run_id`` and ``candidate``; return its cross-validated loss, or why it has none.

    With a ``failure``, what Step Functions caught of a job, nothing is fitted. The run goes on with
    its other candidates, but the failure is counted as that of a function's step is.
    """
    limit_parts(context)
    store, run_id = open_data_bucket(), read_run_id(event)
    candidate = read_text(event, "candidate")
    if "failure" in event:
        # Counted first: a bucket that is down must not hide it.
        emit_metrics({"TrainingFailures": (1.0, "Count")}, dimensions={"Stage": stage()})
        failure = read_object(event, "failure")
        result = note_failure(store, run_id=run_id, candidate=candidate, failure=failure)
    else:
        result = fit_and_export(store, run_id=run_id, candidate=candidate)
    return result.model_dump(include={"candidate", "status", "cross_validated_loss", "reason"})
