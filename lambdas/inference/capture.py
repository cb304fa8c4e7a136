"""What is kept of the traffic: served predictions, and the outcomes that arrive later.

Both go to the data bucket, never to the log. Keeping predictions must not cost the person who
asked their answer, so a failure there is counted by a metric that an alarm watches.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from core import keys
from core.errors import ConflictError
from core.prediction_ids import new_prediction_ids, time_of
from core.store import ObjectStore
from core.telemetry import Unit, emit_metrics
from lambdas.inference.backlog import Backlog, Lines, take_together
from lambdas.inference.deadline import LateError, read_remaining_s
from lambdas.inference.keeping import Keeper, Objects
from lambdas.inference.looks import Starter, start_thread
from lambdas.inference.quick_json import write_json

if TYPE_CHECKING:
    from core.events import Feedback

_FEEDBACK_WRITERS = 16

ZERO_EVERY_S = 10.0
"""How often it is said that nothing failed; an alarm looks once a minute."""

_LOT_DIGITS = 8
_LOTS = 1 << 4 * _LOT_DIGITS


Emitter = Callable[..., None]
"""Publishes metrics as `core.telemetry.emit_metrics` does."""


class Batch(NamedTuple):
    """Rows that one version answered together; see `core.events.Capture` for the fields.

    Attributes
    ----------
    records
        The rows as they were asked.
    body : bytes or None
        The same as JSON, ``{"records": […]}``, where somebody has it already.
    units
        What each row was assigned by.
    """

    model: str
    model_version: int
    prediction_ids: Sequence[str]
    predictions: Sequence[str] | Sequence[float]
    probabilities: Sequence[Mapping[str, float]] | None
    records: Sequence[Mapping[str, object]]
    body: bytes | None = None
    arm: str = "champion"
    experiment: str | None = None
    share: float | None = None
    units: Sequence[str] | None = None
    took_ms: float | None = None


class Recorder:
    """Writes captures and feedback.

    Parameters
    ----------
    store : ObjectStore
        The data bucket.
    stage : str
        Dimension of the metrics.
    share : float
        Share of the requests that are captured, 0 to 1.
    keeper : Keeper, optional
        Where captures go, when not to the bucket as it is.
    later : callable, optional
        Runs something after the answer; without it, captures are kept before.
    emit : callable
        Publishes metrics; see `core.telemetry.emit_metrics`.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        stage: str,
        share: float,
        keeper: Keeper | None = None,
        later: Starter | None = None,
        emit: Emitter = emit_metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._keeper = keeper or Keeper(Objects(store), clock=clock)
        self._stage = stage
        self._lots = share * _LOTS
        self._emit = emit
        self._clock = clock
        self._zero_due_s: dict[str, float] = {}
        self._backlog: Backlog | None = None
        self._later = later
        self._held: deque[tuple[str, Sequence[Batch]]] = deque()

    def draws(self, first_id: str) -> bool:
        """Tell whether a request is captured, by the id of its first prediction.

        The end of an id is drawn at random when it is made; so what belongs to one request is kept
        or left as a whole, and anybody can tell afterwards which it was.
        """
        return self._lots >= _LOTS or int(first_id[-_LOT_DIGITS:], 16) < self._lots

    def capture(self, batch: Batch) -> None:
        """Keep rows that were answered, if their request is drawn; never raises."""
        ids = batch.prediction_ids
        if not ids or not self._lots or not self.draws(ids[0]):
            return
        # A shadow has the ids of the answers that it mirrors, which name an object already.
        first_id = ids[0] if batch.arm != "shadow" else new_prediction_ids(1)[0]
        self._take(first_id, (batch,))

    def capture_together(self, *batches: Batch) -> None:
        """Keep what was answered together by several versions, at the price of one; never raises.

        All of it is kept if the request of the first is drawn; nothing is drawn again.
        """
        first = batches[0]
        if not self._lots or not self.draws(first.prediction_ids[0]):
            return
        self._take(first.prediction_ids[0], batches)

    def _take(self, first_id: str, batches: Sequence[Batch]) -> None:
        if self._later is not None:
            self._held.append((first_id, batches))
            self._later(self._keep_held)
            return
        lines = _write(first_id, batches)
        if self._backlog is None:
            self._keep(lines)
        elif not self._backlog.add(lines):
            self.count("CaptureFailures", lines.requests, model=lines.model)

    def write_beside(self) -> None:
        """Write captures from a thread from now on, off the requests' path: for a server.

        What waits is written together. What finds no room to wait is counted as lost.
        """
        self._backlog = Backlog(self._keep)
        start_thread(self._backlog.run)

    def drain(self, *, within_s: float) -> None:
        """Wait until all captures are written that wait for it, at most `within_s`."""
        if self._backlog is not None:
            self._backlog.drain(within_s=within_s)

    def keep_feedback(self, outcomes: "Sequence[Feedback]") -> int:
        """Keep outcomes, the first of each prediction.

        Returns
        -------
        int
            How many were new; the predictions of the others have an outcome, and keep it.

        Raises
        ------
        UnavailableError
            If the bucket does not answer. Sending all of them again is safe.
        LateError
            If there is no time left for all of them. It is safe then, too.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - no prediction needs it

        # They are written side by side, so it would be chance which of two is kept.
        firsts = {outcome.prediction_id: outcome for outcome in reversed(outcomes)}
        with ThreadPoolExecutor(min(_FEEDBACK_WRITERS, len(firsts))) as pool:
            try:
                kept = pool.map(self._keep_outcome, firsts.values(), timeout=read_remaining_s())
                return sum(kept)
            except TimeoutError:  # what was not begun is called off
                raise LateError from None

    def count(self, metric: str, value: float, *, model: str) -> None:
        """Publish a count: one series over all models, which alarms watch, and one of its own."""
        metrics: dict[str, tuple[float, Unit]] = {metric: (value, "Count")}
        self._emit(metrics, dimensions={"Stage": self._stage})
        self._emit(metrics, dimensions={"Stage": self._stage, "Model": model})

    def _keep_held(self) -> None:
        """Keep what a request left, with what its shadow added meanwhile, at the price of one."""
        held = deque([_write(*self._held.popleft()) for _ in range(len(self._held))])
        while held:
            self._keep(take_together(held))

    def _keep(self, lines: Lines) -> None:
        failures = self._keeper.keep(lines.first_id, lines.body, requests=lines.requests)
        if failures:
            self.count("CaptureFailures", failures, model=lines.model)
            return
        now_s = self._clock()
        if now_s >= self._zero_due_s.get(lines.model, 0.0):
            # The zero is what lets the alarm return to OK.
            self._zero_due_s[lines.model] = now_s + ZERO_EVERY_S
            self.count("CaptureFailures", 0, model=lines.model)

    def _keep_outcome(self, outcome: "Feedback") -> bool:
        at = time_of(outcome.prediction_id)
        key = keys.feedback(outcome.model, at, outcome.prediction_id)
        try:
            self._store.create(key, outcome.model_dump_json().encode(), exclusive=True)
        except ConflictError:
            return False
        return True


def _write(first_id: str, batches: Sequence[Batch]) -> Lines:
    return Lines(batches[0].model, first_id, b"".join(map(write_line, batches)))


def write_line(batch: Batch) -> bytes:
    """Write a batch as `core.events.parse_lines` reads it.

    Written straight: checking what was checked before would cost more than the model.
    """
    content: dict[str, object] = {
        "format": 2,
        "model": batch.model,
        "model_version": batch.model_version,
        "arm": batch.arm,
        "prediction_ids": batch.prediction_ids,
        "predictions": batch.predictions,
        "probabilities": batch.probabilities,
    }
    for name in ("experiment", "share", "units", "took_ms"):
        value = getattr(batch, name)
        if value is not None:
            content[name] = value
    body = batch.body
    if body is None:
        body = write_json({"records": batch.records})
    elif b"\n" in body or b"\r" in body:
        # Between the values of JSON only: inside a text they are written with a backslash.
        body = body.replace(b"\n", b" ").replace(b"\r", b" ")
    return b'%b,"request":%b}\n' % (write_json(content)[:-1], body)
