"""Checks whenever the learner saves."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

POLL_S: Final = 0.3
# An editor may write a file in several goes.
SETTLED_S: Final = 0.2

Stamp = tuple[int, int, int] | None


def watch_file(
    place: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Stamp]:
    """Yield once at the beginning, and then whenever a file was changed, replaced or taken away.

    It asks for the file's time and size again and again: that works on every file system, in
    containers, and with editors that replace files.

    Parameters
    ----------
    sleep
        Waits for a number of seconds; an exception from it (Ctrl-C) ends the watching.
    """
    seen = _stamp(place)
    yield seen
    while True:
        sleep(POLL_S)
        found = _stamp(place)
        if found == seen:
            continue
        while True:
            sleep(SETTLED_S)
            settled = _stamp(place)
            if settled == found:
                break
            found = settled
        seen = found
        yield found


def _stamp(place: Path) -> Stamp:
    try:
        about = place.stat()
    except OSError:
        # Not there, or a link that leads nowhere or round in circles.
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
