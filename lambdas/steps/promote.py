"""Step *promote*: point the champion at the new version."""

from lambdas.steps.environment import Event, open_data_bucket, read_number, read_run_id
from training.judge.release import promote_run


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id`` and ``version``; return where the alias points. A retry changes nothing."""
    state = promote_run(
        open_data_bucket(), run_id=read_run_id(event), version=read_number(event, "version")
    )
    return {"model": state.model, "alias": state.alias, "version": state.version}
