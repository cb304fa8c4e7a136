"""A program that another one began ends with it, however that one ends."""

import os
import signal
import sys
import threading
from collections.abc import Callable


def end_when_left(clear: Callable[[], None]) -> None:
    """Have this process get SIGTERM when its standard input ends.

    Whoever began it holds the other end, and never writes to it. The system closes it when that
    process is gone, even by kill -9.

    Parameters
    ----------
    clear : callable
        What that process would have cleared away, had it been able to.
    """

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        clear()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
