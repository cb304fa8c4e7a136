"""Step *evaluate*: pick the best candidate, judge it on the holdout, prove and publish it."""

from lambdas.steps.environment import Event, open_data_bucket, read_run_id
from training.judge.evaluate import evaluate_run


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id``; return the best candidate, its bundle and its metrics."""
    evaluation = evaluate_run(open_data_bucket(), run_id=read_run_id(event))
    return evaluation.model_dump(include={"candidate", "bundle_id", "metrics"})
