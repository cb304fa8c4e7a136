"""What was served lately, and what came of it: read from the bucket within fixed bounds.

Listings begin at an hour (keys are in the order of time), so a run costs one listing each for
predictions and outcomes however long the system has been alive.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from pydantic import ValidationError

from core import keys
from core.captures import find_captures, read_captures
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.events import Capture, Feedback
from core.store import ObjectInfo, ObjectStore

FEEDBACK_LOOK_BACK: Final = timedelta(hours=24)
"""How old a prediction may be whose outcome arrives now; the truth is late, drift is not."""

MAX_LISTED: Final = 20_000
MAX_OBJECTS: Final = 2_000
MAX_OBJECT_BYTES: Final = 64 * 1024
_READERS: Final = 16
_NOT_ITS_OWN: Final = frozenset({"shadow", "baseline"})


@dataclass(slots=True)
class Reading:
    """Predictions of one model, and the outcomes that arrived for them.

    Attributes
    ----------
    captures
        Prediction id to what was served, within the window, of the version that is watched.
    outcomes
        (what was served, what came true) for outcomes that arrived within the window.
    broken
        Lines and objects that are not what they should be.
    truncated
        Whether there was more than the bounds of this module allow; the newest were read.
    """

    captures: dict[str, Capture] = field(default_factory=dict)
    outcomes: list[tuple[Capture, Feedback]] = field(default_factory=list)
    broken: int = 0
    truncated: bool = False


def read_window(
    store: ObjectStore, model: str, version: int, *, start: datetime, end: datetime
) -> Reading:
    """Read what one version of a model served between two times, and what became known.

    An outcome counts when it *arrived* in the window; its prediction may be `FEEDBACK_LOOK_BACK`
    older. Predictions of other versions are left out: a new champion starts afresh. So are those
    of shadows, which nobody was told, and of the baseline in the model's place.
    """
    found = read_captures(store, start, end, model=model)
    reading = Reading(broken=found.broken, truncated=found.truncated)
    ours = _keep(found.captures, version)
    reading.captures = dict(ours)
    feedback = _read_feedback(store, model, reading, start=start, end=end)
    older = feedback.keys() - ours.keys()
    if older:
        more = find_captures(store, older, model=model)
        reading.truncated |= more.truncated
        ours |= _keep(more.captures, version)
    reading.outcomes = [(ours[key], feedback[key]) for key in sorted(feedback) if key in ours]
    return reading


def _keep(captures: list[Capture], version: int) -> dict[str, Capture]:
    return {
        one.prediction_id: one
        for one in captures
        if one.model_version == version and one.arm not in _NOT_ITS_OWN
    }


def _list_since(store: ObjectStore, model: str, start: datetime, end: datetime) -> list[ObjectInfo]:
    """List from the hour of `start` on; from ever later ones while there is too much."""
    while True:
        after = keys.feedback_hour(model, start)
        found = list(islice(store.list(keys.feedback_hours(model), after=after), MAX_LISTED))
        if len(found) < MAX_LISTED or end - start < timedelta(hours=1):
            return found
        start = end - (end - start) / 2


def _newest(infos: list[ObjectInfo], reading: Reading, *, full: bool) -> list[ObjectInfo]:
    reading.truncated |= full or len(infos) > MAX_OBJECTS
    return sorted(infos, key=lambda info: (info.modified_at, info.key))[-MAX_OBJECTS:]


def _read_feedback(
    store: ObjectStore, model: str, reading: Reading, *, start: datetime, end: datetime
) -> dict[str, Feedback]:
    since = start - FEEDBACK_LOOK_BACK
    listed = _list_since(store, model, since, end)
    arrived = [info for info in listed if start <= info.modified_at]
    feedback = {}
    for body in _read_all(
        store, _newest(arrived, reading, full=len(listed) >= MAX_LISTED), reading
    ):
        try:
            one = Feedback.model_validate_json(body)
        except ValidationError:
            reading.broken += 1
            continue
        feedback[one.prediction_id] = one
    return feedback


def _read_all(store: ObjectStore, files: list[ObjectInfo], reading: Reading) -> list[bytes]:
    def read(info: ObjectInfo) -> bytes | None:
        try:
            return store.get(info.key, max_bytes=MAX_OBJECT_BYTES).body
        except (IntegrityError, NotFoundError, InvalidInputError):
            return None

    with ThreadPoolExecutor(_READERS) as readers:
        bodies = list(readers.map(read, files))
    reading.broken += bodies.count(None)
    return [body for body in bodies if body is not None]
