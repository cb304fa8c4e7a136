"""Where captures go, and what becomes of them while nothing takes them.

The way through the stream is cheap and quick; when it does not acknowledge, the same lines go to
the bucket itself, and while that does not answer either, they wait in memory and go first when it
does. So what is lost is only what waits in a process that ends, or is too much to wait.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from core import keys
from core.errors import LoopError
from core.prediction_ids import time_of
from core.store import ObjectStore

PAUSE_S: Final = 10.0
"""How long a place is left alone after it did not answer: a hanging one must not cost everybody."""

MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
"""How much may wait in memory until a place answers again."""

_log = logging.getLogger(__name__)


class Place(Protocol):
    """Takes lines for good."""

    @property
    def max_bytes(self) -> int:
        """How much it takes at once."""

    def send(self, lines: bytes) -> None:
        """Take lines, or raise a `LoopError` if they are not known to be kept."""


class Objects:
    """The bucket itself, by the key of the first prediction's hour.

    Parameters
    ----------
    store : ObjectStore
        With timeouts that a request can wait for.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, first_id: str, lines: bytes) -> None:
        """Write an object, or raise `UnavailableError`."""
        # The id is new, so nothing can be there but these same lines: no condition, and no right
        # to read, is needed.
        self._store.put(keys.captured(time_of(first_id), first_id), lines)


class _Waiting(NamedTuple):
    first_id: str
    lines: bytes
    requests: int


class Keeper:
    """Gives lines to the first place that takes them; safe to use from several threads.

    Parameters
    ----------
    objects : Objects
        The place that takes everything.
    stream : Place or None
        The place that is tried first.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        objects: Objects,
        stream: Place | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._objects = objects
        self._stream = stream
        self._clock = clock
        self._stream_rests_until_s = 0.0
        self._objects_rest_until_s = 0.0
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._lock = threading.Lock()

    def keep(self, first_id: str, lines: bytes, *, requests: int = 1) -> int:
        """Keep lines; never raises.

        Parameters
        ----------
        first_id : str
            Id of the first prediction in them.
        requests : int
            How many requests they are of.

        Returns
        -------
        int
            How many failures that was: one for each request that begins to wait, and one for each
            that is lost. 0 says that these lines, and all that waited, are acknowledged.
        """
        with self._lock:
            if not self._try_stream(lines):
                new = _Waiting(first_id, lines, requests)
                if not self._try_objects([new]):
                    return self._wait(new)
            # What still waits is a failure too, or the alarm would end before it is written.
            return 1 if self._waiting and not self._empty() else 0

    def _try_stream(self, lines: bytes) -> bool:
        stream = self._stream
        if stream is None or len(lines) > stream.max_bytes:
            return False
        if self._clock() < self._stream_rests_until_s:
            return False
        try:
            stream.send(lines)
        except LoopError as error:
            _warn("the bucket gets the captures that the stream did not acknowledge", error)
            self._stream_rests_until_s = self._clock() + PAUSE_S
            return False
        return True

    def _try_objects(self, together: Sequence[_Waiting]) -> bool:
        if self._clock() < self._objects_rest_until_s:
            return False
        try:
            self._objects.put(together[0].first_id, b"".join([one.lines for one in together]))
        except LoopError as error:
            _warn("captures wait in memory", error)
            self._objects_rest_until_s = self._clock() + PAUSE_S
            return False
        return True

    def _wait(self, new: _Waiting) -> int:
        """Let lines wait, with older ones gone for them if need be; return the failures."""
        if len(new.lines) > MAX_WAITING_BYTES:
            return new.requests  # nothing that went for them would make room enough
        self._waiting.append(new)
        self._waiting_bytes += len(new.lines)
        failures = new.requests
        gone = 0
        while self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting_bytes -= len(self._waiting[gone].lines)
            failures += self._waiting[gone].requests
            gone += 1
        del self._waiting[:gone]
        return failures

    def _empty(self) -> bool:
        """Write what waits, an object for each hour: that is where its readers look."""
        while self._waiting:
            hour = _find_hour(self._waiting[0])
            together = [one for one in self._waiting if _find_hour(one) == hour]
            if not self._try_objects(together):
                return False
            self._waiting = [one for one in self._waiting if _find_hour(one) != hour]
            self._waiting_bytes -= sum(len(one.lines) for one in together)
        return True


def _find_hour(one: _Waiting) -> str:
    return keys.captured_hour(time_of(one.first_id))


def _warn(what: str, error: LoopError) -> None:
    _log.warning(json.dumps({"event": what, "why": str(error)}))
