"""What serving writes down: predictions with their ids, and the outcomes that arrive later."""

import json
from collections.abc import Set
from itertools import repeat
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from core.errors import InvalidInputError
from core.prediction_ids import ID_RULE, new_prediction_id, new_prediction_ids, time_of

__all__ = [
    "FORMAT", "Capture", "Feedback", "PredictionId", "new_prediction_id", "new_prediction_ids",
    "parse_lines", "time_of", "to_lines",
]  # fmt: skip

FORMAT = 2
"""Of a line of captures."""


def _check_id(prediction_id: str) -> str:
    try:
        time_of(prediction_id)
    except InvalidInputError as error:
        raise ValueError(ID_RULE) from error
    return prediction_id


PredictionId = Annotated[str, AfterValidator(_check_id)]


class _Event(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        # `model` and `model_version` are our words; pydantic guards the prefix for its own methods.
        protected_namespaces=(),
    )


class Capture(_Event):
    """One served answer, as it is kept in the data bucket.

    Attributes
    ----------
    features
        The record as it was asked, field by field.
    probabilities
        Class to probability; None for a regression.
    prediction
        The class, or the number of a regression.
    arm
        ``champion``, or the part that the version played in an experiment.
    experiment, share, unit
        The experiment, the share of its challenger, and what the row was assigned by; None where
        there was none.
    took_ms
        How long the version took for the rows that were answered together; None if it was not
        measured.
    """

    prediction_id: PredictionId
    model: str
    model_version: int
    served_at: AwareDatetime
    features: dict[str, str | int | float | bool | None]
    probabilities: dict[str, float] | None
    prediction: str | float
    arm: str = "champion"
    experiment: str | None = None
    share: float | None = None
    unit: str | None = None
    took_ms: float | None = None


class Feedback(_Event):
    """The true outcome of one prediction, as it is kept in the data bucket."""

    prediction_id: PredictionId
    model: str
    outcome: str | float
    observed_at: AwareDatetime


def to_lines(captures: list[Capture]) -> bytes:
    """Write captures as JSON lines, one of a line: UTF-8, a newline after each."""
    return b"".join(_to_line(capture) for capture in captures)


def parse_lines(
    body: bytes, *, model: str | None = None, of: Set[str] | None = None
) -> tuple[list[Capture], int]:
    """Read captures from JSON lines; a line holds the rows that one version answered together.

    A line has the fields of `Capture` that its rows have in common, the lists ``prediction_ids``,
    ``predictions``, ``probabilities`` (or null) and perhaps ``units``, and the rows themselves as
    they were asked in ``request.records``. The time is that of the id.

    Parameters
    ----------
    model : str, optional
        Only captures of this model; other lines are not looked into.
    of : set of str, optional
        Only captures with these prediction ids.

    Returns
    -------
    captures
        The rows of the lines that are captures, in order.
    broken
        How many lines are not: a reader counts and reports them, it does not stop.
    """
    captures: list[Capture] = []
    broken = 0
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            content = json.loads(line)
            if model is None or content["model"] == model:
                captures.extend(_read_line(content, of))
        except (KeyError, TypeError, ValueError, RecursionError, InvalidInputError):
            broken += 1  # a pydantic error is a ValueError
    return captures, broken


_ROW = {"prediction_id", "prediction", "probabilities", "unit", "features", "served_at"}


def _to_line(capture: Capture) -> bytes:
    content = {
        "format": FORMAT,
        **capture.model_dump(mode="json", exclude=_ROW, exclude_none=True),
        "prediction_ids": [capture.prediction_id],
        "predictions": [capture.prediction],
        "probabilities": capture.probabilities and [capture.probabilities],
        **({"units": [capture.unit]} if capture.unit else {}),
        "request": {"records": [capture.features]},
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _read_line(content: dict[str, Any], of: Set[str] | None) -> list[Capture]:
    if content.pop("format") != FORMAT:
        raise ValueError("a line of another format")
    ids = content.pop("prediction_ids")
    columns = (
        ids,
        content.pop("predictions"),
        content.pop("request")["records"],
        _or_none(content.pop("probabilities"), len(ids)),
        _or_none(content.pop("units", None), len(ids)),
    )
    return [
        Capture.model_validate(
            {
                **content,
                "prediction_id": prediction_id,
                "served_at": time_of(prediction_id),
                "prediction": prediction,
                "features": record,
                "probabilities": chances,
                "unit": unit,
            }
        )
        for prediction_id, prediction, record, chances, unit in zip(*columns, strict=True)
        if of is None or prediction_id in of
    ]


def _or_none(values: list[Any] | None, rows: int) -> Any:  # noqa: ANN401 - something to go through
    return repeat(None, rows) if values is None else values
