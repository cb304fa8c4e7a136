"""Captures found again: by the time when they were served, or by their ids.

They lie in the folder of the hour in which they arrived. That is the hour of the prediction as a
rule; a stream gathers them for a while and puts them where the oldest belongs, so a neighbour's
folder is looked into as well. What was sent twice, because an acknowledgement was lost, is there
twice: a prediction counts once for each version that answered it.
"""

from collections.abc import Iterable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final

from core import keys
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.events import Capture, parse_lines, time_of
from core.store import ObjectInfo, ObjectStore

GATHERED_FOR: Final = timedelta(minutes=15)
"""Longest time that a stream gathers; what arrives may lie in a folder that much earlier."""

ARRIVES_WITHIN: Final = timedelta(minutes=5)
"""How long after its prediction a capture arrives, and how far clocks differ."""

MAX_LISTED: Final = 20_000
MAX_OBJECTS: Final = 2_000
MAX_BYTES: Final = 256 * 1024 * 1024
MAX_ROWS: Final = 20_000
_READERS: Final = 16
_AFTER_ALL_HOURS: Final = f"{keys.CAPTURED}:"  # the sign after the digits


@dataclass(slots=True)
class Found:
    """What was found.

    Attributes
    ----------
    captures
        Each once, in the order of their ids.
    broken
        Lines and objects that are not what they should be.
    truncated
        Whether there was more than the bounds of this module allow; the newest were read.
    """

    captures: list[Capture] = field(default_factory=list)
    broken: int = 0
    truncated: bool = False


def read_captures(
    store: ObjectStore,
    start: datetime,
    end: datetime,
    *,
    model: str | None = None,
    max_rows: int = MAX_ROWS,
    max_objects: int | None = None,
) -> Found:
    """Read what was served between two times, of one model or of all: the newest `max_rows`."""
    found = Found()
    infos = [info for info in _list_since(store, start, end, found) if info.modified_at >= start]
    infos.sort(key=lambda info: (info.modified_at, info.key), reverse=True)
    most = MAX_OBJECTS if max_objects is None else max_objects
    found.truncated |= len(infos) > most
    _read(store, infos[:most], found, model=model, between=(start, end), max_rows=max_rows)
    return found


def find_captures(store: ObjectStore, wanted: Set[str], *, model: str) -> Found:
    """Read the predictions of the wanted ids, the newest hours first."""
    found = Found()
    infos: list[ObjectInfo] = []
    for hour in sorted(_list_hours(wanted), reverse=True):
        infos.extend(islice(store.list(hour), MAX_OBJECTS + 1 - len(infos)))
    found.truncated = len(infos) > MAX_OBJECTS
    infos = infos[:MAX_OBJECTS]
    _read(store, infos, found, model=model, wanted=wanted)
    return found


def _list_hours(wanted: Iterable[str]) -> set[str]:
    times = [time_of(prediction_id) for prediction_id in wanted]
    return {
        keys.captured_hour(time + shift)
        for time in times
        for shift in (-GATHERED_FOR, timedelta(), ARRIVES_WITHIN)
    }


def _list_since(
    store: ObjectStore, start: datetime, end: datetime, found: Found
) -> list[ObjectInfo]:
    """List from the hour of `start` on; from ever later ones while there is too much."""
    while True:
        listed = list(islice(_list_hours_after(store, start - GATHERED_FOR), MAX_LISTED))
        if len(listed) < MAX_LISTED:
            return listed
        found.truncated = True
        if end - start < timedelta(hours=1):
            return listed
        start = end - (end - start) / 2


def _list_hours_after(store: ObjectStore, start: datetime) -> Iterator[ObjectInfo]:
    listed = store.list(keys.CAPTURED, after=keys.captured_hour(start))
    return takewhile(lambda info: info.key < _AFTER_ALL_HOURS, listed)


def _read(
    store: ObjectStore,
    infos: list[ObjectInfo],
    found: Found,
    *,
    model: str | None,
    wanted: Set[str] | None = None,
    between: tuple[datetime, datetime] | None = None,
    max_rows: int | None = None,
) -> None:
    """Read objects in their order, a few at a time, until the bounds are met."""
    once: dict[tuple[str, bool, int], Capture] = {}
    bounded = list(_take_within(infos, found))
    for first in range(0, len(bounded), _READERS):
        if max_rows is not None and len(once) >= max_rows:
            found.truncated = True
            break
        for body in _get_all(store, bounded[first : first + _READERS]):
            captures, broken = (
                ([], 1) if body is None else parse_lines(body, model=model, of=wanted)
            )
            found.broken += broken
            for one in captures:
                if between is None or between[0] <= time_of(one.prediction_id) <= between[1]:
                    key = (one.prediction_id, one.arm == "shadow", one.model_version)
                    once.setdefault(key, one)
    every = [once[key] for key in sorted(once)]
    found.truncated |= max_rows is not None and len(every) > max_rows
    found.captures = every if max_rows is None else every[-max_rows:]


def _take_within(infos: Iterable[ObjectInfo], found: Found) -> Iterator[ObjectInfo]:
    size_bytes = 0
    for info in infos:
        size_bytes += info.size_bytes
        if size_bytes > MAX_BYTES:
            found.truncated = True
            return
        yield info


def _get_all(store: ObjectStore, infos: list[ObjectInfo]) -> list[bytes | None]:
    def get(info: ObjectInfo) -> bytes | None:
        try:
            return store.get(info.key, max_bytes=MAX_BYTES).body
        except (IntegrityError, NotFoundError, InvalidInputError):
            return None

    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(get, infos))
