"""Step *register*: give the bundle that passed the gate a version number."""

from lambdas.steps.environment import Event, open_data_bucket, read_run_id
from training.judge.release import register_run


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id``; return the model and its new version. A retry returns the same one."""
    version = register_run(open_data_bucket(), run_id=read_run_id(event))
    return {"model": version.model, "version": version.version}
