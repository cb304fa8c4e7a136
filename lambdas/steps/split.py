"""Step *split*: cut the dataset version into training rows and a holdout."""

from lambdas.steps.environment import Event, open_data_bucket, read_run_id, read_text
from training.data.runs import load_spec
from training.data.split import split_dataset


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``run_id`` and ``version``; return the candidates to fit, and how much there is to fit.

    ``cells`` is rows times features: what decides whether a function is large enough.
    """
    store, run_id = open_data_bucket(), read_run_id(event)
    data = split_dataset(store, run_id=run_id, version=read_text(event, "version"))
    spec = load_spec(store, run_id)
    return {
        "candidates": list(spec.candidates),
        "cells": data.rows * len(spec.contract.columns),
        "training_rows": data.training_rows,
        "holdout_rows": data.holdout_rows,
    }
