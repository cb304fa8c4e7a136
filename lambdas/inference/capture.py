"""What is kept of the traffic: served predictions, and the outcomes that arrive later.

Both go to the data bucket, never to the log. Keeping predictions must not cost the person who
asked their answer, so a failure there is counted by a metric that an alarm watches.
"""

import json
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from core import events, keys
from core.errors import ConflictError, LoopError
from core.events import Feedback
from core.store import ObjectStore
from core.telemetry import Unit, emit_metrics
from lambdas.inference.quick_json import write_json

_FEEDBACK_WRITERS = 16

PAUSE_S = 10.0
"""How long nothing is captured after the bucket did not answer."""

ZERO_EVERY_S = 10.0
"""How often it is said that nothing failed; an alarm looks once a minute."""

MAX_WAITING = 1000
"""How many requests' captures may wait to be written beside the requests."""

_log = logging.getLogger(__name__)


Emitter = Callable[..., None]
"""Publishes metrics as `core.telemetry.emit_metrics` does."""


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
    capture_store : ObjectStore, optional
        The same bucket with its own, shorter timeouts, for what a request waits for.
    emit : callable
        Publishes metrics; see `core.telemetry.emit_metrics`.
    draw : callable
        Draws a number in [0, 1).
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        stage: str,
        share: float,
        capture_store: ObjectStore | None = None,
        emit: Emitter = emit_metrics,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._capture_store = capture_store or store
        self._stage = stage
        self._share = share
        self._emit = emit
        self._draw = draw
        self._clock = clock
        self._paused_until_s = 0.0
        self._zero_due_s: dict[str, float] = {}
        self._waiting: queue.Queue[tuple[str, str, bytes]] | None = None

    def capture(
        self,
        *,
        model: str,
        model_version: int,
        prediction_ids: Sequence[str],
        predictions: Sequence[str] | Sequence[float],
        probabilities: Sequence[Mapping[str, float]] | None,
        records: Sequence[Mapping[str, object]],
    ) -> None:
        """Keep one request's predictions, if the request is drawn; never raises.

        They become one object at the hour of the first prediction's id, in the form of
        `core.events.Capture`.
        """
        if not prediction_ids or self._draw() >= self._share:
            return
        at = events.time_of(prediction_ids[0])
        key = keys.captured(model, at, prediction_ids[0])
        served_at = datetime.now(UTC).isoformat()
        chances: Sequence[Mapping[str, float] | None] = probabilities or [None] * len(records)
        # Written straight: checking what was checked before would cost more than the model.
        body = write_json(
            [
                {
                    "prediction_id": prediction_id,
                    "model": model,
                    "model_version": model_version,
                    "served_at": served_at,
                    "features": record,
                    "probabilities": row_chances,
                    "prediction": prediction,
                }
                for prediction_id, prediction, row_chances, record in zip(
                    prediction_ids, predictions, chances, records, strict=True
                )
            ]
        )
        # A list becomes lines. In a text the quotation marks would have backslashes, and features
        # are flat: nothing but the end of one capture and the beginning of the next looks so.
        lines = body[1:-1].replace(b'},{"prediction_id":', b'}\n{"prediction_id":')
        self._keep(model, key, lines + b"\n")

    def write_beside(self) -> None:
        """Write captures from a thread from now on, off the requests' path: for a server.

        At most `MAX_WAITING` requests wait to be written; what comes on top is counted as lost.
        """
        self._waiting = queue.Queue(MAX_WAITING)
        threading.Thread(target=self._write_waiting, args=(self._waiting,), daemon=True).start()

    def drain(self, *, within_s: float) -> None:
        """Wait until all captures are written that wait for it, at most `within_s`."""
        ends_s = time.monotonic() + within_s
        while self._waiting and self._waiting.unfinished_tasks and time.monotonic() < ends_s:
            time.sleep(0.01)

    def keep_feedback(self, outcomes: Sequence[Feedback]) -> int:
        """Keep outcomes, each once.

        Returns
        -------
        int
            How many were new; the others have an outcome already, and keep it.

        Raises
        ------
        UnavailableError
            If the bucket does not answer. Sending all of them again is safe.
        """
        with ThreadPoolExecutor(min(_FEEDBACK_WRITERS, len(outcomes))) as pool:
            return sum(pool.map(self._keep_outcome, outcomes))

    def count(self, metric: str, value: float, *, model: str) -> None:
        """Publish a count: one series over all models, which alarms watch, and one of its own."""
        metrics: dict[str, tuple[float, Unit]] = {metric: (value, "Count")}
        self._emit(metrics, dimensions={"Stage": self._stage})
        self._emit(metrics, dimensions={"Stage": self._stage, "Model": model})

    def _keep(self, model: str, key: str, body: bytes) -> None:
        if self._waiting is None:
            self._write(model, key, body)
            return
        try:
            self._waiting.put_nowait((model, key, body))
        except queue.Full:
            self.count("CaptureFailures", 1, model=model)

    def _write_waiting(self, waiting: "queue.Queue[tuple[str, str, bytes]]") -> None:
        while True:
            self._write(*waiting.get())
            waiting.task_done()

    def _write(self, model: str, key: str, body: bytes) -> None:
        # A bucket that hangs must not make everybody wait: what is not tried is counted as lost.
        now_s = self._clock()
        if now_s < self._paused_until_s or not self._put(key, body):
            self.count("CaptureFailures", 1, model=model)
        elif now_s >= self._zero_due_s.get(model, 0.0):
            # The zero is what lets the alarm return to OK.
            self._zero_due_s[model] = now_s + ZERO_EVERY_S
            self.count("CaptureFailures", 0, model=model)

    def _put(self, key: str, body: bytes) -> bool:
        try:
            # The id is new, so nothing can be there: no condition, and no right to read, is needed.
            self._capture_store.put(key, body)
        except LoopError as error:
            note = {"event": "predictions were not captured", "why": str(error)}
            _log.warning(json.dumps(note))
            self._paused_until_s = self._clock() + PAUSE_S
            return False
        return True

    def _keep_outcome(self, outcome: Feedback) -> bool:
        at = events.time_of(outcome.prediction_id)
        key = keys.feedback(outcome.model, at, outcome.prediction_id)
        try:
            self._store.create(key, outcome.model_dump_json().encode(), exclusive=True)
        except ConflictError:
            return False
        return True
