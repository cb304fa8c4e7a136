"""The whole Lambda handler in units of a bare one: API Gateway's event in, its answer out."""

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import onnxruntime

from core.store import open_memory
from lambdas.inference.capture import Recorder
from lambdas.inference.handler import make_handler
from lambdas.inference.keeping import Keeper, Objects
from lambdas.inference.looks import Starter
from lambdas.inference.models import Models
from lambdas.inference.stream import Stream
from lambdas.inference.table import make_router
from tests.bench.serving.acknowledging import open_stream
from tests.bench.serving.calling import Host, open_host, stay_on_one_core
from tests.bench.serving.model import CATEGORIES, CONTRACT, NUMBERS, BenchModel
from tests.bench.serving.report import Row
from tests.bench.serving.rounds import Measure, take_turns, time_loop
from tests.unit.inference.service import CONTEXT, make_event

_LIMITS = {1: 2.2, 100: 1.25, 1000: 1.1}
_CALLS = {1: 200, 100: 20, 1000: 3}

_Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def measure_handlers(model: BenchModel, *, rounds: int) -> list[Row]:
    """Measure at 1, 100 and 1,000 rows: called as Lambda calls, and in a loop."""
    with open_stream() as stream, open_host() as host, stay_on_one_core():
        return _measure(model, stream, host, rounds)


def _measure(model: BenchModel, stream: Stream, host: Host, rounds: int) -> list[Row]:
    works = {
        "bare": make_bare_handler(model.graph),
        "ours": _make_ours(model, stream, later=host.afterwards.do),
        "waits": _make_ours(model, stream),
        "forgets": _make_ours(model, None),
    }
    called, looped = [], []
    for count, limit in _LIMITS.items():
        body = json.dumps({"records": model.records[:count]})
        event = make_event("POST", "/v1/predict", body)
        with contextlib.redirect_stdout(io.StringIO()):
            _check_alike(works, event)
            bound = {name: _bind(work, event) for name, work in works.items()}
            calls = _CALLS[count]
            found = take_turns(
                {
                    **_call_each(host, bound, json.dumps(event).encode(), calls),
                    **{
                        f"{name} looped": partial(time_loop, bound[name], calls=calls)
                        for name in ("bare", "waits", "forgets")
                    },
                },
                rounds=rounds,
            )
        rows = f"{count:,} row{'s' * (count > 1)}"
        ratio, alone = found.ratio("ours", "bare"), found.ratio("forgets", "bare")
        whole = found.ratio("ours, all", "bare, all")
        called.append(
            Row(
                f"whole handler, {rows}",
                f"{found.median('ours'):,.0f} µs / {found.median('bare'):,.0f} µs",
                f"{ratio:.2f} ({alone:.2f} if nothing is kept; {whole:.2f} of all processor time, "
                "with what comes after the answer)",
                f"≤ {limit}",
                reached=ratio <= limit,
            )
        )
        ratio = found.ratio("waits looped", "bare looped")
        alone = found.ratio("forgets looped", "bare looped")
        figures = [found.median(f"{name} looped") for name in ("waits", "bare")]
        looped.append(
            Row(
                f"in a loop, all of it before the answer, {rows}",
                f"{figures[0]:,.0f} µs / {figures[1]:,.0f} µs",
                f"{ratio:.2f} ({alone:.2f} if nothing is kept)",
                f"≤ {limit}",
                reached=ratio <= limit,
            )
        )
    return [*called, *looped]


def _call_each(
    host: Host, works: Mapping[str, Callable[[], object]], event: bytes, calls: int
) -> dict[str, Measure]:
    def call(name: str, which: int) -> float:
        extends = name == "ours"
        return host.time_calls(works[name], event, calls=calls, extends=extends)[which]

    return {
        **{name: partial(call, name, 0) for name in ("bare", "ours", "forgets")},
        **{f"{name}, all": partial(call, name, 1) for name in ("bare", "ours")},
    }


def make_bare_handler(graph: bytes) -> _Handler:
    """Make the floor: `json` and onnxruntime, no checks, no ids, nothing kept."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    classes = CONTRACT.classes

    def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
        records = json.loads(event["body"])["records"]
        numeric = np.array([[row[name] for name in NUMBERS] for row in records], np.float32)
        strings = np.array([[row[name] or "" for name in CATEGORIES] for row in records], object)
        [scores] = session.run(["probabilities"], {"numeric": numeric, "strings": strings})
        predictions = [
            {
                "prediction": classes[1] if row[1] >= 0.5 else classes[0],
                "probability": dict(zip(classes, row, strict=True)),
            }
            for row in scores.tolist()
        ]
        return {
            "statusCode": 200,
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"predictions": predictions}),
        }

    return handle


def _make_ours(
    model: BenchModel, stream: Stream | None, *, later: Starter | None = None
) -> _Handler:
    store = open_memory()
    model.publish(store)
    keeper = Keeper(Objects(store), stream)
    recorder = Recorder(
        store, stage="dev", share=1.0 if stream else 0.0, keeper=keeper, later=later
    )
    return make_handler(make_router(models=Models(store, refresh_s=3600), recorder=recorder))


def _bind(work: _Handler, event: dict[str, Any]) -> Callable[[], object]:
    return lambda: work(event, CONTEXT)


def _check_alike(works: dict[str, _Handler], event: dict[str, Any]) -> None:
    answers = [json.loads(work(event, CONTEXT)["body"])["predictions"] for work in works.values()]
    picked = [[(row["prediction"], row["probability"]) for row in rows] for rows in answers]
    if any(one != picked[0] for one in picked):
        raise SystemExit("The handlers do not give the same answers.")
