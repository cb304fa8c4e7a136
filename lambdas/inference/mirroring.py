"""The desk of the trials: counts the arms' answers, asks the shadow off the requests' path.

A shadow's answer goes to nobody; it is captured beside the one that was given, under the same
prediction id. It is asked after the answer where a host runs things then. Elsewhere one thread asks
it, and a queue of a fixed length stands before that. No request waits for it; what would come too
late is dropped, and counted.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from core.assignment import draw
from core.strict_json import parse_json
from lambdas.inference.asking import Rows, ask_alone
from lambdas.inference.backlog import MAX_BYTES
from lambdas.inference.capture import Batch, Recorder
from lambdas.inference.deadline import LateError, check_deadline, set_deadline
from lambdas.inference.looks import Starter
from lambdas.inference.quick_json import parse_rows, write_json
from lambdas.inference.served import Arm, Served

MAX_WAITING = 100
"""How many requests may wait for their shadow, with `MAX_BYTES` at most; more are dropped, and
counted."""

STALE_S = 5.0
"""How old a request may be when its shadow has answered; an older one is dropped, and counted.

A function has more time than that for a call, so the capture that waits for the shadow is kept.
"""

TOLD_EVERY_S = 10.0
"""How often the arms' counts are published."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A request that a shadow is to be asked.

    Attributes
    ----------
    read : callable
        Returns its records.
    size_bytes : int
        What it holds in memory while it waits.
    """

    arm: Arm
    served: Served
    read: Callable[[], Sequence[Mapping[str, object]]]
    size_bytes: int
    prediction_ids: Sequence[str]
    units: Sequence[str] | None
    recorder: Recorder
    began_s: float


class Desk:
    """Where all requests of a function or server bring what is tried.

    Parameters
    ----------
    later : callable, optional
        Runs something after the answer; without it, a thread asks shadows beside the requests.
    """

    def __init__(self, *, later: Starter | None = None) -> None:
        self._later = later
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Mirrored] | None = None
        self._waiting_bytes = 0
        self._counts: dict[tuple[str, str], int] = {}
        self._told_at_s = time.monotonic()

    def count(self, recorder: Recorder, model: str, arm: str, rows: int) -> None:
        """Count rows that an arm answered; the sums are published every few seconds."""
        with self._lock:
            self._counts[model, arm] = self._counts.get((model, arm), 0) + rows
            now_s = time.monotonic()
            if now_s < self._told_at_s + TOLD_EVERY_S:
                return
            counts, self._counts, self._told_at_s = self._counts, {}, now_s
        for (one_model, one_arm), total in counts.items():
            recorder.count(f"{one_arm.capitalize()}Predictions", total, model=one_model)

    def mirror(
        self,
        arm: Arm,
        rows: Rows,
        prediction_ids: Sequence[str],
        recorder: Recorder,
        *,
        units: Sequence[str] | None = None,
    ) -> None:
        """Let a shadow be asked what was asked, if the request is drawn; never raises.

        A request that is not captured is not mirrored: nobody could ever look at it.
        """
        first_id, served = prediction_ids[0], arm.served
        if served is None or draw(arm.salt, first_id).place >= arm.share:
            return
        if not recorder.draws(first_id):
            return
        began_s = time.monotonic()

        def mirrored(read: Callable[[], Sequence[Mapping[str, object]]], size: int) -> Mirrored:
            return Mirrored(arm, served, read, size, prediction_ids, units, recorder, began_s)

        if self._later is not None:
            self._later(partial(self._ask, mirrored(lambda: rows.records, 0)))
            return
        # As bytes: the records themselves take many times as much memory while they wait.
        body = write_json({"records": rows.records}) if rows.body is None else rows.body
        if not self._let_wait(mirrored(partial(_read, body), len(body))):
            recorder.count("ShadowDropped", 1, model=served.version.model)

    def _let_wait(self, mirrored: Mirrored) -> bool:
        """Let a request wait for the thread, and tell whether there is room."""
        with self._lock:
            if self._waiting is None:
                self._waiting = queue.Queue(MAX_WAITING)
                threading.Thread(target=self._work, args=(self._waiting,), daemon=True).start()
            if self._waiting_bytes + mirrored.size_bytes > MAX_BYTES:
                return False
            try:
                self._waiting.put_nowait(mirrored)
            except queue.Full:
                return False
            self._waiting_bytes += mirrored.size_bytes
            return True

    def _work(self, waiting: "queue.Queue[Mirrored]") -> None:
        while True:
            mirrored = waiting.get()
            self._ask(mirrored)
            with self._lock:
                self._waiting_bytes -= mirrored.size_bytes

    def _ask(self, mirrored: Mirrored) -> None:
        model = mirrored.served.version.model
        # Of this thread, which has no request of its own.
        set_deadline(max(0.0, mirrored.began_s + STALE_S - time.monotonic()))
        try:
            check_deadline()
            batch = _answer(mirrored)
        except LateError:
            mirrored.recorder.count("ShadowDropped", 1, model=model)
            return
        except Exception as error:  # noqa: BLE001 - whatever a shadow does, nobody asked it
            # The kind alone: an error's words may hold what was asked.
            note = {"event": f"the shadow of {model} failed", "error": type(error).__name__}
            _log.warning(json.dumps(note))
            mirrored.recorder.count("ShadowFailures", 1, model=model)
            return
        finally:
            set_deadline(None)
        mirrored.recorder.capture(batch)
        self.count(mirrored.recorder, model, "shadow", len(batch.prediction_ids))


def _read(body: bytes) -> Sequence[Mapping[str, object]]:
    """Read the records of what was read before."""
    records = parse_rows(body, "records")
    if records is not None:
        return records
    content = parse_json(body, max_bytes=len(body))
    return cast("Mapping[str, Sequence[Mapping[str, object]]]", content)["records"]


def _answer(mirrored: Mirrored) -> Batch:
    records = mirrored.read()
    began_s = time.perf_counter()
    served = mirrored.served
    inputs, warnings = served.predictor.encoder.encode_records(records)
    asked = ask_alone(served, inputs, warnings, mirrored.prediction_ids)
    took_ms = (time.perf_counter() - began_s) * 1000
    return Batch(
        served.version.model,
        served.version.version,
        asked.prediction_ids,
        asked.predictions,
        asked.probabilities,
        records,
        arm="shadow",
        experiment=mirrored.arm.experiment,
        share=mirrored.arm.share,
        units=mirrored.units,
        took_ms=took_ms,
    )
