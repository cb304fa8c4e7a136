"""Feedback read against the data contract."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from core.errors import InvalidInputError
from core.events import Feedback
from core.prediction_ids import time_of
from core.values import LARGEST_FLOAT32
from lambdas.inference.answers import Problem, invalid

if TYPE_CHECKING:
    from core.contract import Contract

TIME_PATTERN = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-5][0-9])$"
)
"""A time as RFC 3339 writes it. Python's own reader takes much more: weeks, any separator, a zero
byte at the end."""

_FIELDS = frozenset({"prediction_id", "outcome", "observed_at"})
_MAX_PROBLEMS = 100
_CLOCK_SKEW = timedelta(minutes=5)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def read_outcomes(contract: "Contract", rows: Sequence[Mapping[str, object]]) -> list[Feedback]:
    """Read the outcomes in a request's rows.

    An id that was never captured is fine: captures may be sampled.

    Raises
    ------
    RequestError
        422 with the places and rules.
    """
    now = datetime.now(UTC)
    problems = list(islice(_find_problems(contract, rows, now), _MAX_PROBLEMS))
    if problems:
        raise invalid(problems)
    return [
        Feedback.model_validate(
            {
                "prediction_id": row["prediction_id"],
                "model": contract.dataset,
                "outcome": row["outcome"],
                "observed_at": _read_time(row.get("observed_at")) or now,
            }
        )
        for row in rows
    ]


def _find_problems(
    contract: "Contract", rows: Sequence[Mapping[str, object]], now: datetime
) -> Iterator[Problem]:
    for position, row in enumerate(rows):
        place = ("feedback", position)
        if row.keys() - _FIELDS:
            yield Problem(place, "holds a field other than prediction_id, outcome, observed_at")
        for name, rule in (
            ("prediction_id", _check_prediction_id(row.get("prediction_id"), now)),
            ("outcome", _check_outcome(contract, row.get("outcome"))),
            ("observed_at", _check_time(row.get("observed_at"), now)),
        ):
            if rule:
                yield Problem((*place, name), rule)


def _check_prediction_id(value: object, now: datetime) -> str | None:
    if not isinstance(value, str):
        return "must be the prediction_id of an answer"
    try:
        made_at = time_of(value)
    except InvalidInputError:
        return "must be the prediction_id of an answer"
    return "must not lie in the future" if made_at > now + _CLOCK_SKEW else None


def _check_outcome(contract: "Contract", value: object) -> str | None:
    if contract.task != "regression":
        if isinstance(value, str) and value in contract.classes:
            return None
        return f"must be one of the classes: {', '.join(contract.classes[:20])}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    # Comparing does not overflow, as converting a whole number of 400 digits would.
    return None if abs(value) <= LARGEST_FLOAT32 else "must lie between -3.4e38 and 3.4e38"


def _check_time(value: object, now: datetime) -> str | None:
    if value is None:
        return None
    time = _read_time(value)
    if time is None:
        return "must be a time with its offset, such as 2026-01-31T12:00:00Z"
    if time < _EARLIEST:
        return f"must not lie before {_EARLIEST.year}"
    return "must not lie in the future" if time > now + _CLOCK_SKEW else None


def _read_time(value: object) -> datetime | None:
    """Read a time, in UTC; None if it is none, or not in the calendar."""
    if not isinstance(value, str) or not re.fullmatch(TIME_PATTERN, value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
