"""How long an answer may still take; what is late is answered with 504.

That must come before the cloud cuts the function off.

The time is carried by a context variable, so that each request has its own, in threads and in
tasks alike, and no function in between has to pass it on.
"""

import time
from contextvars import ContextVar

from core.errors import UnavailableError

MARGIN_S = 1.0
"""What is left of a function's time for the answer's way back, and for what comes after it."""

_ends_at_s: ContextVar[float | None] = ContextVar("ends_at_s", default=None)


class LateError(UnavailableError):
    """The answer would come too late."""

    def __init__(self) -> None:
        super().__init__("The answer took too long.")


def set_deadline(limit_s: float | None) -> None:
    """Give the present request `limit_s` seconds from now; None is no limit."""
    _ends_at_s.set(None if limit_s is None else time.monotonic() + limit_s)


def read_remaining_s() -> float | None:
    """Return the seconds that are left, not below 0; None is no limit."""
    ends_at_s = _ends_at_s.get()
    return None if ends_at_s is None else max(0.0, ends_at_s - time.monotonic())


def check_deadline() -> None:
    """Raise `LateError` if no time is left."""
    ends_at_s = _ends_at_s.get()
    if ends_at_s is not None and time.monotonic() >= ends_at_s:
        raise LateError
