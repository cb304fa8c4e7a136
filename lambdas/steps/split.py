"""Step *split*: cut the dataset version into training rows and a holdout."""

from lambdas.steps.environment import Event, open_data_bucket, read_run_id, read_text
from training.data.names import CANDIDATES
from training.data.split import split_dataset


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id`` and ``version``; return the candidates to fit and the numbers of rows."""
    data = split_dataset(
        open_data_bucket(), run_id=read_run_id(event), version=read_text(event, "version")
    )
    return {
        "candidates": list(CANDIDATES),
        "training_rows": data.training_rows,
        "holdout_rows": data.holdout_rows,
    }
