"""The outcomes of predictions, in the order in which they arrived."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from pydantic import ValidationError

from core import keys
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.events import Feedback
from core.store import ObjectInfo, ObjectStore

MAX_OUTCOMES: Final = 50_000
_MAX_BYTES: Final = 64 * 1024
_READERS: Final = 16


@dataclass(slots=True)
class Labels:
    """Outcomes.

    Attributes
    ----------
    outcomes
        In the order in which the bucket got them.
    broken
        Objects that are none.
    truncated
        Whether there were more than `MAX_OUTCOMES`; the first were read.
    """

    outcomes: list[Feedback] = field(default_factory=list)
    broken: int = 0
    truncated: bool = False


def read_labels(store: ObjectStore, model: str, *, since: datetime) -> Labels:
    """Read the outcomes of a model's predictions that were made since a time."""
    prefix, first = keys.feedback_hours(model), keys.feedback_hour(model, since)
    listed = list(islice(store.list(prefix, after=first), MAX_OUTCOMES + 1))
    # A moment counts by seconds in some stores; then the id decides, which is chance.
    infos = sorted(listed[:MAX_OUTCOMES], key=lambda info: (info.modified_at, info.key))

    def read(info: ObjectInfo) -> Feedback | None:
        try:
            body = store.get(info.key, max_bytes=_MAX_BYTES).body
            return Feedback.model_validate_json(body)
        except (IntegrityError, NotFoundError, InvalidInputError, ValidationError):
            return None

    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(read, infos))
    return Labels(
        [one for one in found if one is not None], found.count(None), len(listed) > MAX_OUTCOMES
    )
