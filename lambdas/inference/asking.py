"""Asking a model: the one way from a protocol's rows to answers, for all protocols.

A protocol brings rows as records or as columns, and words what comes back.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from math import isfinite
from operator import contains
from typing import NamedTuple, Protocol

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
from lambdas.inference.served import Rollout, Served

_NO_ANSWER = "the model has no finite answer for this record; its numbers are too large"


class Headed(Protocol):
    """A request, as far as it matters here: something with headers."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case."""


class Asked(NamedTuple):
    """A model's answers to the rows of one request.

    Attributes
    ----------
    served : Served
        The version that answered; the champion, if rows were answered by different ones.
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
    by : list of Served, or None
        While a challenger is tried, the version that answered each row.
    """

    served: Served
    scores: NDArray[np.float32]
    predictions: Sequence[str] | Sequence[float]
    prediction_ids: Sequence[str]
    warnings: Sequence[InputWarning]
    probabilities: Sequence[dict[str, float]] | None
    by: Sequence[Served] | None = None


class Rows(NamedTuple):
    """The rows of a request.

    Attributes
    ----------
    records : sequence of mapping
    inputs : ModelInputs
        The same as the champion reads them.
    warnings : sequence of InputWarning
        What the champion's contract says of them.
    names : sequence of object, or None
        Values of the contract's identifier, if they were sent.
    body : bytes or None
        The records as JSON, where they came so.
    """

    records: Sequence[Mapping[str, object]]
    inputs: ModelInputs
    warnings: Sequence[InputWarning]
    names: Sequence[object] | None
    body: bytes | None


def ask_records(
    served: Served,
    records: Sequence[Mapping[str, object]],
    recorder: Recorder,
    *,
    body: bytes | None = None,
    request: Headed | None = None,
) -> Asked:
    """Answer records, and keep what was answered.

    A record may hold the contract's identifier: no model reads it, and it is not kept. It says who
    is asked for while a challenger is tried.

    Parameters
    ----------
    body : bytes or None
        ``{"records": […]}``, where the records came so.
    request : Headed or None
        The request, whose header may name the caller instead.

    Raises
    ------
    ContractViolationError
        If a record breaks the contract, or has no finite answer.
    LateError
        If there is no time left.
    """
    identifier = served.contract.identifier
    names: Sequence[object] | None = None
    if identifier is not None and any(map(contains, records, repeat(identifier))):
        from lambdas.inference.splitting import take_names  # noqa: PLC0415 - few callers need it

        records, names = take_names(records, identifier)
        body = None
    inputs, warnings = served.predictor.encoder.encode_records(records)
    if served.rollout is not None:
        rows = Rows(records, inputs, warnings, names, body)
        return _ask_arms(served, served.rollout, rows, recorder, request)
    asked = ask_alone(served, inputs, warnings)
    _capture(asked, records, recorder, body)
    return asked


def ask_columns(
    served: Served,
    columns: Mapping[str, Sequence[object]],
    recorder: Recorder,
    *,
    rows: int,
    request: Headed | None = None,
) -> Asked:
    """Answer rows that came as columns, each of `rows` values.

    None is a missing value; a column that is not named is missing in every row. See `ask_records`.
    """
    identifier = served.contract.identifier
    named = columns.get(identifier) if identifier is not None else None
    if identifier is not None and named is not None:
        from lambdas.inference.splitting import check_names  # noqa: PLC0415 - few callers need it

        check_names(named, identifier)
        columns = {name: values for name, values in columns.items() if name != identifier}
    inputs, warnings = served.predictor.encoder.encode_columns(columns, rows=rows)
    names = tuple(columns)
    turned = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    records = turned or [{}] * rows
    if served.rollout is not None:
        asked_rows = Rows(records, inputs, warnings, named, None)
        return _ask_arms(served, served.rollout, asked_rows, recorder, request)
    asked = ask_alone(served, inputs, warnings)
    _capture(asked, records, recorder)
    return asked


def ask_alone(
    served: Served,
    inputs: ModelInputs,
    warnings: Sequence[InputWarning],
    prediction_ids: Sequence[str] | None = None,
) -> Asked:
    """Let one version answer all rows, and keep nothing; see `ask_records` for the errors."""
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
        prediction_ids or new_prediction_ids(len(rows)),
        warnings,
        [dict(zip(classes, row, strict=True)) for row in rows] if classes else None,
    )


def _ask_arms(
    served: Served, rollout: Rollout, rows: Rows, recorder: Recorder, request: Headed | None
) -> Asked:
    from lambdas.inference.splitting import ask_arms  # noqa: PLC0415 - only for trials

    return ask_arms(served, rollout, rows, recorder, request)


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
            arm="baseline" if asked.served.is_fallback else "champion",
        )
    )
