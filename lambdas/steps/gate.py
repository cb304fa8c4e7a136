"""Step *gate*: judge whether the best candidate may become champion."""

from lambdas.steps.environment import Event, limit_parts, open_data_bucket, read_run_id
from training.judge.gate import judge_run


def handler(event: Event, context: object) -> dict[str, object]:
    """Take ``run_id``; return the verdict with every rule's value and limit."""
    limit_parts(context)
    return judge_run(open_data_bucket(), run_id=read_run_id(event)).model_dump(mode="json")
