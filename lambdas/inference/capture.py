"""What is kept of the traffic: served predictions, and the outcomes that arrive later.

Both go to the data bucket, never to the log. Keeping predictions must not cost the person who
asked their answer, so a failure there is counted by a metric that an alarm watches.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from core import events, keys
from core.errors import ConflictError, LoopError
from core.events import Capture, Feedback
from core.store import ObjectStore
from core.telemetry import Unit, emit_metrics

_FEEDBACK_WRITERS = 16

PAUSE_S = 10.0
"""How long nothing is captured after the bucket did not answer."""

_log = logging.getLogger(__name__)


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
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._stage = stage
        self._share = share
        self._draw = draw
        self._clock = clock
        self._paused_until_s = 0.0

    def capture(self, captures: Sequence[Capture]) -> None:
        """Keep one request's predictions, if the request is drawn; never raises.

        They become one object at the hour of the first prediction's id.
        """
        if not captures or self._draw() >= self._share:
            return
        model = captures[0].model
        # A bucket that hangs must not make everybody wait: what is not tried is counted as lost.
        kept = self._clock() >= self._paused_until_s and self._write(captures)
        # The zero is what lets the alarm return to OK.
        self.count("CaptureFailures", 0 if kept else 1, model=model)

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
        emit_metrics(metrics, dimensions={"Stage": self._stage})
        emit_metrics(metrics, dimensions={"Stage": self._stage, "Model": model})

    def _write(self, captures: Sequence[Capture]) -> bool:
        first = captures[0]
        key = keys.captured(first.model, events.time_of(first.prediction_id), first.prediction_id)
        try:
            # The id is new, so nothing can be there: no condition, and no right to read, is needed.
            self._store.put(key, events.to_lines(list(captures)))
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
