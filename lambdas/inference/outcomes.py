"""Feedback read against the data contract."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from core.errors import InvalidInputError
from core.events import Feedback
from core.prediction_ids import time_of
from lambdas.inference.answers import Problem, invalid

if TYPE_CHECKING:
    from core.contract import Contract

_FIELDS = frozenset({"prediction_id", "outcome", "observed_at"})
_MAX_PROBLEMS = 100
_CLOCK_SKEW = timedelta(minutes=5)


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
            ("observed_at", _check_time(row.get("observed_at"))),
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
    return None if abs(value) <= sys.float_info.max else "must be a finite number"


def _check_time(value: object) -> str | None:
    if value is None or _read_time(value):
        return None
    return "must be a time with its offset, such as 2026-01-31T12:00:00Z"


def _read_time(value: object) -> datetime | None:
    """Read a time, in UTC; None if it is none, has no offset, or is no year of the calendar."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time.astimezone(UTC) if time and time.tzinfo else None
    except (ValueError, OverflowError):
        return None
