"""Work off the request path: looks at the bucket that a request starts and need not wait for."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MAX_AFTER_S = 2.0
"""How old a look may be that a host waits for after the answer."""

_T = TypeVar("_T")

Starter = Callable[[Callable[[], None]], None]
"""Runs something at once, beside, or when the answer is out."""


@dataclass(frozen=True, slots=True)
class Look(Generic[_T]):
    """A look that is under way, or done."""

    found: Future[_T] = field(default_factory=Future)
    began_s: float = field(default_factory=time.monotonic)

    def wait(self, limit_s: float) -> None:
        """Wait until it is done or is `limit_s` seconds old, whatever comes of it."""
        left_s = self.began_s + limit_s - time.monotonic()
        if left_s > 0 and not self.found.done():
            done = threading.Event()
            self.found.add_done_callback(lambda _: done.set())
            done.wait(left_s)


class Looks(Generic[_T]):
    """Looks by name, at most one of each name at a time.

    Parameters
    ----------
    start : callable
        Runs the work; in a thread of its own unless a test says otherwise.
    """

    def __init__(self, start: Starter) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._under_way: dict[str, Look[_T]] = {}

    def begin(self, name: str, work: Callable[[], _T]) -> Look[_T]:
        """Begin a look, or join the one of the same name that is under way."""
        with self._lock:
            look = self._under_way.get(name)
            if look:
                return look
            look = self._under_way[name] = Look()
        self._start(lambda: self._run(name, look, work))
        return look

    def _run(self, name: str, look: Look[_T], work: Callable[[], _T]) -> None:
        try:
            found = work()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            self._end(name)
            look.found.set_exception(error)
        else:
            self._end(name)
            look.found.set_result(found)

    def _end(self, name: str) -> None:
        with self._lock:
            del self._under_way[name]


def start_thread(work: Callable[[], None]) -> None:
    """Run something in a thread that does not keep the process alive."""
    _start(work)


def finish_later(later: Starter) -> Starter:
    """Return what starts threads that are waited for after the answer, until `MAX_AFTER_S`.

    For a host that stops its process once that is done: a look that was stopped in the middle finds
    its connection dead when the process goes on.
    """

    def start(work: Callable[[], None]) -> None:
        thread, ends_s = _start(work), time.monotonic() + MAX_AFTER_S
        later(lambda: thread.join(max(0.0, ends_s - time.monotonic())))

    return start


def _start(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
