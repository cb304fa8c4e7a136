"""Ids of predictions: each holds its own time, and they grow."""

import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta

from core.errors import InvalidInputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID_PATTERN = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
ID_RULE = "must be 32 lower-case hexadecimal digits of a version 7 UUID, as /v1/predict returned it"
_COUNTER_BITS = 12
# Half of the counter's range is left above a fresh seed: room for a burst before it overflows.
_SEED_BITS = _COUNTER_BITS - 1
_RANDOM_DIGITS = 16
# The first of the random digits gives two of its bits to the variant, which is 10 in binary.
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
_LATEST_MS = int((datetime.max.replace(tzinfo=UTC) - _EPOCH).total_seconds() * 1000)


def _draw_seed() -> int:
    return int.from_bytes(os.urandom(2), "big") >> 16 - _SEED_BITS


class _Clock:
    """The last id's millisecond and counter, so that ids of one process only ever grow.

    RFC 9562, section 6.2, method 1: a counter in the bits after the timestamp, seeded at random
    every millisecond; when it overflows, or when the wall clock steps back, the last timestamp
    carries on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def tick(self, count: int) -> list[tuple[int, int]]:
        """Return the next (milliseconds since 1970, counter), greater than every one before."""
        with self._lock:
            now_ms = time.time_ns() // 1_000_000
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, _draw_seed() - 1
            ticks = []
            for _ in range(count):
                if self._counter + 1 < 1 << _COUNTER_BITS:
                    self._counter += 1
                else:
                    self._last_ms, self._counter = self._last_ms + 1, _draw_seed()
                ticks.append((self._last_ms, self._counter))
            return ticks


_clock = _Clock()


def new_prediction_id() -> str:
    """Make a new prediction id: a version 7 UUID, which holds its own time.

    Returns
    -------
    str
        32 lower-case hexadecimal digits. Ids of one process are strictly increasing.

    References
    ----------
    RFC 9562, section 5.7 (layout) and 6.2 (monotonicity), https://www.rfc-editor.org/rfc/rfc9562
    """
    return new_prediction_ids(1)[0]


def new_prediction_ids(count: int) -> list[str]:
    """Make as many new prediction ids, in their order; see `new_prediction_id`."""
    noise = os.urandom(_RANDOM_DIGITS // 2 * count).hex()
    return [
        f"{milliseconds:012x}7{counter:03x}{_VARIANT[noise[start]]}"
        f"{noise[start + 1 : start + _RANDOM_DIGITS]}"
        for (milliseconds, counter), start in zip(
            _clock.tick(count), range(0, _RANDOM_DIGITS * count, _RANDOM_DIGITS), strict=True
        )
    ]


def time_of(prediction_id: str) -> datetime:
    """Read the time that a prediction id holds.

    Returns
    -------
    datetime
        UTC, exact to the millisecond.

    Raises
    ------
    InvalidInputError
        When the text is not an id that `new_prediction_id` can have made.
    """
    if not _ID_PATTERN.fullmatch(prediction_id):
        raise InvalidInputError(f"A prediction id {ID_RULE}.")
    milliseconds = int(prediction_id[:12], 16)
    if milliseconds > _LATEST_MS:
        raise InvalidInputError(f"A prediction id {ID_RULE}; its time lies beyond the year 9999.")
    return _EPOCH + timedelta(milliseconds=milliseconds)
