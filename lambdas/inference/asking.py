"""Asking a model: the one way from a protocol's rows to answers, for all protocols.

A protocol brings rows as records or as columns, and words what comes back.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.inputs import (
    MAX_VIOLATIONS,
    ContractViolationError,
    InputWarning,
    ModelInputs,
    Violation,
)
from core.prediction_ids import new_prediction_ids
from lambdas.inference.capture import Batch, Recorder
from lambdas.inference.served import Served

_NO_ANSWER = "the model has no finite answer for this record; its numbers are too large"


class Asked(NamedTuple):
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
    probabilities : list of dict of str to float, or None
        Class to probability, for each row; None for a regression.
    """

    served: Served
    scores: NDArray[np.float32]
    predictions: Sequence[str] | Sequence[float]
    prediction_ids: Sequence[str]
    warnings: Sequence[InputWarning]
    probabilities: Sequence[dict[str, float]] | None


def ask_records(
    served: Served,
    records: Sequence[Mapping[str, object]],
    recorder: Recorder,
    *,
    body: bytes | None = None,
) -> Asked:
    """Answer records, and keep what was answered.

    Parameters
    ----------
    body : bytes or None
        ``{"records": […]}``, where the records came so.

    Raises
    ------
    ContractViolationError
        If a record breaks the contract, or has no finite answer.
    LateError
        If there is no time left.
    """
    inputs, warnings = served.predictor.encoder.encode_records(records)
    asked = _ask(served, inputs, warnings)
    _capture(asked, records, recorder, body)
    return asked


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
    inputs, warnings = served.predictor.encoder.encode_columns(columns, rows=rows)
    asked = _ask(served, inputs, warnings)
    names = tuple(columns)
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    _capture(asked, records or [{}] * rows, recorder)
    return asked


def _ask(served: Served, inputs: ModelInputs, warnings: Sequence[InputWarning]) -> Asked:
    predictor = served.predictor
    scores = predictor.score(inputs)
    rows: list[list[float]] = scores.tolist()
    # A sum is finite if all of its terms are, and nearly only then: the rows are looked at if not.
    if not isfinite(sum(map(sum, rows))):
        missing = [place for place, row in enumerate(rows) if not all(map(isfinite, row))]
        if missing:
            raise ContractViolationError(
                [Violation(row, None, _NO_ANSWER) for row in missing[:MAX_VIOLATIONS]]
            )
    classes = served.contract.classes
    return Asked(
        served,
        scores,
        predictor.decide(rows),
        new_prediction_ids(len(rows)),
        warnings,
        [dict(zip(classes, row, strict=True)) for row in rows] if classes else None,
    )


def _capture(
    asked: Asked,
    records: Sequence[Mapping[str, object]],
    recorder: Recorder,
    body: bytes | None = None,
) -> None:
    version = asked.served.version
    recorder.capture(
        Batch(
            version.model,
            version.version,
            asked.prediction_ids,
            asked.predictions,
            asked.probabilities,
            records,
            body,
        )
    )
