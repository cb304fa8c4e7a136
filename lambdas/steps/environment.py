"""What every step takes from its event and its surroundings, in one place."""

import os
from collections.abc import Mapping, Sequence
from functools import cache

from core import keys, parts
from core.errors import InvalidInputError
from core.store import ObjectStore, open_bucket

Event = Mapping[str, object]

_MARGIN_S = 20.0  # of a function's time, to say that a part of the learner's took all of the rest


@cache
def open_data_bucket() -> ObjectStore:
    """Open the bucket that the environment variable BUCKET names; once in a process."""
    return open_bucket(os.environ["BUCKET"])


def limit_parts(context: object) -> None:
    """Give the learner's own parts what is left of the function's time, but for a margin.

    Lambda's own end of a function would name neither the part nor the line.
    """
    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    parts.set_deadline(max(1.0, remaining_ms() / 1000 - _MARGIN_S) if remaining_ms else None)


def stage() -> str:
    """Return the stage that this function is deployed to (the environment variable STAGE)."""
    return os.environ["STAGE"]


def read_text(event: Event, name: str) -> str:
    """Return a text from a step's event.

    Raises
    ------
    InvalidInputError
        If it is not there or not a text.
    """
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInputError(
            f"The step's input has no text {name!r}.",
            next_step='Start the workflow with an input such as {"raw_key": "raw/..."}.',
        )
    return value


def read_number(event: Event, name: str, *, default: int | None = None) -> int:
    """Return a whole number from 0 to 2**32 - 1 from a step's event; see `read_text`."""
    value = event.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise InvalidInputError(f"The step's input has no whole number {name!r}, 0 or above.")
    return value


def read_choice(event: Event, name: str, allowed: Sequence[str], *, default: str) -> str:
    """Return one of the allowed texts from a step's event, the default where there is none."""
    value = event.get(name, default)
    if value not in allowed:
        raise InvalidInputError(
            f"The workflow's input has a {name!r} that is none of {', '.join(allowed)}."
        )
    return str(value)


def read_object(event: Event, name: str) -> Event:
    """Return a JSON object from a step's event; see `read_text`."""
    value = event.get(name)
    if not isinstance(value, dict):
        raise InvalidInputError(f"The step's input has no object {name!r}.")
    return value


def read_run_id(event: Event) -> str:
    """Return the name of the run; see `read_text`."""
    return keys.check_id(read_text(event, "run_id"))
