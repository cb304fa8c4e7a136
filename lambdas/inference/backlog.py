"""Captures that wait to be written: together up to a size, and in memory up to a size."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

MAX_BYTES: Final = 64 * 1024 * 1024
"""How much may wait in a server for the thread that writes it, with what is being written."""

MAX_TOGETHER_BYTES: Final = 1024 * 1024
"""How much is written at once. It may have to wait, and to go, as a whole: see `keeping`."""


class Lines(NamedTuple):
    """Captures as they are written.

    Attributes
    ----------
    model : str
        The model that is told of a failure.
    first_id : str
        Id of the first prediction in them.
    body : bytes
    requests : int
        How many requests they are of.
    """

    model: str
    first_id: str
    body: bytes
    requests: int = 1


def take_together(waiting: deque[Lines]) -> Lines:
    """Take the first lines, with as many of the next as may be written at once."""
    first = waiting.popleft()
    size = len(first.body)
    taken = [first]
    while waiting and size + len(waiting[0].body) <= MAX_TOGETHER_BYTES:
        taken.append(waiting.popleft())
        size += len(taken[-1].body)
    if len(taken) == 1:
        return first
    body = b"".join([lines.body for lines in taken])
    return Lines(first.model, first.first_id, body, sum(lines.requests for lines in taken))


class Backlog:
    """A queue with an end in bytes: a request may leave a hundred of them, or a million.

    Parameters
    ----------
    write : callable
        Writes lines, and returns when it is done with them.
    """

    def __init__(self, write: Callable[[Lines], None]) -> None:
        self._write = write
        self._lines: deque[Lines] = deque()
        self._bytes = 0
        self._changed = threading.Condition()

    def add(self, lines: Lines) -> bool:
        """Let lines wait, and tell whether there is room; any may wait where nothing else does."""
        size = len(lines.body)
        with self._changed:
            if self._bytes and self._bytes + size > MAX_BYTES:
                return False
            self._lines.append(lines)
            self._bytes += size
            self._changed.notify_all()
        return True

    def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                together = take_together(self._lines)
            self._write(together)
            with self._changed:
                self._bytes -= len(together.body)
                self._changed.notify_all()

    def drain(self, *, within_s: float) -> None:
        """Wait until all is written, at most `within_s`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._bytes, within_s)
