"""Step *candidate*: fit one candidate and export it. Runs side by side in a Map state."""

from lambdas.steps.environment import Event, open_data_bucket, read_run_id, read_text
from training.model.fit import fit_and_export


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id`` and ``candidate``; return its cross-validated loss, or why it has none."""
    result = fit_and_export(
        open_data_bucket(), run_id=read_run_id(event), candidate=read_text(event, "candidate")
    )
    return result.model_dump(include={"candidate", "status", "cross_validated_loss", "reason"})
