"""Asking a model: the one way from a protocol's rows to answers, for all protocols.

A protocol brings rows as records or as columns, and words what comes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core import events
from core.events import Capture
from core.inputs import (
    MAX_VIOLATIONS,
    ContractViolationError,
    InputWarning,
    ModelInputs,
    Violation,
    encode_columns,
    encode_records,
)
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Served

_NO_ANSWER = "the model has no finite answer for this record; its numbers are too large"


@dataclass(frozen=True, slots=True)
class Asked:
    """A model's answers to the rows of one request.

    Attributes
    ----------
    served : Served
        The version that answered, all rows alike.
    scores : float32 array of shape (n_rows, n_classes), or (n_rows, 1) for a regression
        Probabilities in the order of the contract's classes, or the prediction; all finite.
    predictions : list of str or list of float
        The class at the decision threshold, or the number of a regression.
    prediction_ids : list of str
        What feedback names them by.
    warnings : list of InputWarning
        In the order of the rows.
    """

    served: Served
    scores: NDArray[np.float32]
    predictions: Sequence[str] | Sequence[float]
    prediction_ids: Sequence[str]
    warnings: Sequence[InputWarning]


def ask_records(
    served: Served, records: Sequence[Mapping[str, object]], recorder: Recorder
) -> Asked:
    """Answer records, and keep what was answered.

    Raises
    ------
    ContractViolationError
        If a record breaks the contract, or has no finite answer.
    """
    inputs, warnings = encode_records(served.contract, records)
    return _ask(served, inputs, warnings, records, recorder)


def ask_columns(
    served: Served,
    columns: Mapping[str, Sequence[object]],
    recorder: Recorder,
    *,
    rows: int,
) -> Asked:
    """Answer rows that came as columns, each of `rows` values.

    None is a missing value; a column that is not named is missing in every row. See `ask_records`.
    """
    inputs, warnings = encode_columns(served.contract, columns, rows=rows)
    names = tuple(columns)
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return _ask(served, inputs, warnings, records or [{}] * rows, recorder)


def _ask(
    served: Served,
    inputs: ModelInputs,
    warnings: Sequence[InputWarning],
    records: Sequence[Mapping[str, object]],
    recorder: Recorder,
) -> Asked:
    scores = served.predictor.score(inputs)
    missing = np.flatnonzero(~np.isfinite(scores).all(axis=1)).tolist()
    if missing:
        raise ContractViolationError(
            [Violation(row, None, _NO_ANSWER) for row in missing[:MAX_VIOLATIONS]]
        )
    asked = Asked(
        served,
        scores,
        served.predictor.decide(scores),
        [events.new_prediction_id() for _ in range(len(records))],
        warnings,
    )
    recorder.capture(_make_captures(asked, records))
    return asked


def _make_captures(asked: Asked, records: Sequence[Mapping[str, object]]) -> list[Capture]:
    served_at = datetime.now(UTC)
    version = asked.served.version
    classes = asked.served.contract.classes
    return [
        Capture.model_validate(
            {
                "prediction_id": prediction_id,
                "model": version.model,
                "model_version": version.version,
                "served_at": served_at,
                "features": record,
                "probabilities": dict(zip(classes, row, strict=True)) if classes else None,
                "prediction": prediction,
            }
        )
        for record, prediction_id, prediction, row in zip(
            records, asked.prediction_ids, asked.predictions, asked.scores.tolist(), strict=True
        )
    ]
