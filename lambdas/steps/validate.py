"""Step *validate*: a landed file becomes a dataset version, or is rejected with a reason."""

from dataclasses import asdict
from typing import cast

from lambdas.steps.environment import (
    Event,
    limit_parts,
    open_data_bucket,
    read_choice,
    read_number,
    read_object,
    read_run_id,
    read_text,
)
from training.data.names import (
    BUDGETS,
    DEFAULT_BUDGET,
    PRECISIONS,
    PREFERENCES,
    Budget,
    Precision,
    Preference,
)
from training.data.start import start_run


def handler(event: Event, context: object) -> dict[str, object]:
    """Take ``run_id`` and ``request``, the workflow's own input; return what became of the file.

    The request has a ``raw_key``, and perhaps ``seed``, ``budget``, ``prefer`` and ``precision``.
    """
    limit_parts(context)
    request = read_object(event, "request")
    validation = start_run(
        open_data_bucket(),
        raw_key=read_text(request, "raw_key"),
        run_id=read_run_id(event),
        seed=read_number(request, "seed", default=0),
        budget=cast("Budget", read_choice(request, "budget", BUDGETS, default=DEFAULT_BUDGET)),
        prefer=cast("Preference", read_choice(request, "prefer", PREFERENCES, default="best")),
        precision=cast("Precision", read_choice(request, "precision", PRECISIONS, default="fp32")),
    )
    return asdict(validation)
