"""The desk of the trials: counts the arms' answers, asks the shadow off the requests' path.

A shadow's answer goes to nobody; it is captured beside the one that was given, under the same
prediction id. One thread asks it, and a queue of a fixed length stands before that. On a server
no request waits. Lambda freezes everything once an answer is out, so there a request waits until
its shadow has answered, but never longer than a small budget. What comes later is captured with a
later request; what comes too late is dropped, and counted.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.assignment import draw
from lambdas.inference.asking import ask_alone
from lambdas.inference.capture import Batch, Recorder
from lambdas.inference.deadline import read_remaining_s
from lambdas.inference.served import Arm, Served

MAX_WAITING = 100
"""How many requests may wait for their shadow; more are dropped, and counted."""

STALE_S = 5.0
"""How old a request may be when its shadow is asked; an older one is dropped, and counted."""

TOLD_EVERY_S = 10.0
"""How often the arms' counts are published."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A request that a shadow is to be asked."""

    arm: Arm
    served: Served
    records: Sequence[Mapping[str, object]]
    prediction_ids: Sequence[str]
    units: Sequence[str] | None
    recorder: Recorder
    began_s: float
    done: threading.Event = field(default_factory=threading.Event)


class Desk:
    """Where all requests of a function or server bring what is tried.

    Parameters
    ----------
    wait_s : float
        How long a request may wait for its shadow.
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, *, wait_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._wait_s = wait_s
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Mirrored] | None = None
        self._counts: dict[tuple[str, str], int] = {}
        self._told_at_s = clock()
        self._ready: list[Batch] = []

    def count(self, recorder: Recorder, model: str, arm: str, rows: int) -> None:
        """Count rows that an arm answered; the sums are published every few seconds."""
        with self._lock:
            self._counts[model, arm] = self._counts.get((model, arm), 0) + rows
            now_s = self._clock()
            if now_s < self._told_at_s + TOLD_EVERY_S:
                return
            counts, self._counts, self._told_at_s = self._counts, {}, now_s
        for (one_model, one_arm), total in counts.items():
            recorder.count(f"{one_arm.capitalize()}Predictions", total, model=one_model)

    def mirror(
        self,
        arm: Arm,
        records: Sequence[Mapping[str, object]],
        prediction_ids: Sequence[str],
        recorder: Recorder,
        *,
        units: Sequence[str] | None = None,
    ) -> Mirrored | None:
        """Let a shadow be asked what was asked, if the request is drawn; never raises.

        A request that is not captured is not mirrored: nobody could ever look at it.
        """
        first_id = prediction_ids[0]
        if arm.served is None or draw(arm.salt, first_id).place >= arm.share:
            return None
        if not recorder.draws(first_id):
            return None
        mirrored = Mirrored(
            arm, arm.served, records, prediction_ids, units, recorder, self._clock()
        )
        try:
            self._open_queue().put_nowait(mirrored)
        except queue.Full:
            recorder.count("ShadowDropped", 1, model=arm.served.version.model)
            return None
        return mirrored

    def collect(self, mirrored: Mirrored | None) -> list[Batch]:
        """Return what shadows have answered, to be captured with the request.

        That waits for this request's shadow, within the budget and the request's own time. Where
        nobody waits, the shadow's thread captures, and there is nothing to return.
        """
        if mirrored is None or not self._wait_s:
            return []
        left_s = read_remaining_s()
        mirrored.done.wait(self._wait_s if left_s is None else min(self._wait_s, left_s))
        with self._lock:
            ready, self._ready = self._ready, []
        return ready

    def _open_queue(self) -> "queue.Queue[Mirrored]":
        with self._lock:
            if self._waiting is None:
                self._waiting = queue.Queue(MAX_WAITING)
                threading.Thread(target=self._work, args=(self._waiting,), daemon=True).start()
            return self._waiting

    def _work(self, waiting: "queue.Queue[Mirrored]") -> None:
        while True:
            mirrored = waiting.get()
            model = mirrored.served.version.model
            if self._clock() > mirrored.began_s + STALE_S:
                mirrored.recorder.count("ShadowDropped", 1, model=model)
            else:
                self._ask(mirrored, model)
            mirrored.done.set()

    def _ask(self, mirrored: Mirrored, model: str) -> None:
        try:
            batch = _answer(mirrored)
        except Exception as error:  # noqa: BLE001 - whatever a shadow does, nobody asked it
            # The kind alone: an error's words may hold what was asked.
            note = {"event": f"the shadow of {model} failed", "error": type(error).__name__}
            _log.warning(json.dumps(note))
            mirrored.recorder.count("ShadowFailures", 1, model=model)
            return
        if self._wait_s:
            with self._lock:
                self._ready.append(batch)
        else:
            mirrored.recorder.capture(batch)
        self.count(mirrored.recorder, model, "shadow", len(batch.prediction_ids))


def _answer(mirrored: Mirrored) -> Batch:
    began_s = time.perf_counter()
    served = mirrored.served
    inputs, warnings = served.predictor.encoder.encode_records(mirrored.records)
    asked = ask_alone(served, inputs, warnings, mirrored.prediction_ids)
    took_ms = (time.perf_counter() - began_s) * 1000
    return Batch(
        served.version.model,
        served.version.version,
        asked.prediction_ids,
        asked.predictions,
        asked.probabilities,
        mirrored.records,
        arm="shadow",
        experiment=mirrored.arm.experiment,
        share=mirrored.arm.share,
        units=mirrored.units,
        took_ms=took_ms,
    )
