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
from dataclasses import dataclass
from typing import Final, Protocol

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


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of lines.

    Attributes
    ----------
    safe : bool
        Whether they, and all that waited before them, are acknowledged.
    lost : int
        Batches that had waited, and had to make room.
    """

    safe: bool
    lost: int = 0


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
        self._waiting: list[tuple[str, bytes]] = []
        self._waiting_bytes = 0
        self._lock = threading.Lock()

    def keep(self, first_id: str, lines: bytes) -> Kept:
        """Keep lines; never raises.

        Parameters
        ----------
        first_id : str
            Id of the first prediction in them.
        """
        with self._lock:
            if not (self._try_stream(lines) or self._try_objects([(first_id, lines)])):
                return Kept(safe=False, lost=self._wait(first_id, lines))
            return Kept(safe=not self._waiting or self._empty())

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

    def _try_objects(self, batches: Sequence[tuple[str, bytes]]) -> bool:
        if self._clock() < self._objects_rest_until_s:
            return False
        try:
            self._objects.put(batches[0][0], b"".join(lines for _, lines in batches))
        except LoopError as error:
            _warn("captures wait in memory", error)
            self._objects_rest_until_s = self._clock() + PAUSE_S
            return False
        return True

    def _wait(self, first_id: str, lines: bytes) -> int:
        """Let lines wait, and return how many had to go for them."""
        self._waiting.append((first_id, lines))
        self._waiting_bytes += len(lines)
        gone = 0
        while self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting_bytes -= len(self._waiting[gone][1])
            gone += 1
        del self._waiting[:gone]
        return gone

    def _empty(self) -> bool:
        """Write what waits, an object for each hour: that is where its readers look."""
        while self._waiting:
            hour = keys.captured_hour(time_of(self._waiting[0][0]))
            together = [
                batch for batch in self._waiting if keys.captured_hour(time_of(batch[0])) == hour
            ]
            if not self._try_objects(together):
                return False
            self._waiting = [batch for batch in self._waiting if batch not in together]
        self._waiting_bytes = 0
        return True


def _warn(what: str, error: LoopError) -> None:
    _log.warning(json.dumps({"event": what, "why": str(error)}))
