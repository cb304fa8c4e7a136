"""Step *validate*: a landed file becomes a dataset version, or is rejected with a reason."""

from dataclasses import asdict

from lambdas.steps.environment import (
    Event,
    open_data_bucket,
    read_number,
    read_run_id,
    read_text,
)
from training.data.start import start_run


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``raw_key``, ``run_id`` and perhaps ``seed``; return what became of the file."""
    validation = start_run(
        open_data_bucket(),
        raw_key=read_text(event, "raw_key"),
        run_id=read_run_id(event),
        seed=read_number(event, "seed", default=0),
    )
    return asdict(validation)
