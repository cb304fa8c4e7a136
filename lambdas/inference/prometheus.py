"""Counts of a running server in Prometheus' text format.

https://prometheus.io/docs/instrumenting/exposition_formats/
No label holds anything that a caller sends: a path is the route's own, with its braces.
"""

import threading
import time
from asyncio import CancelledError
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping

from starlette.types import Message, Receive, Scope, Send

from core.telemetry import Unit
from lambdas.inference.router import Router
from lambdas.inference.web import Response

PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})

_STOPPING = Response(
    "The server is stopping.", 503, media_type="text/plain", headers={"connection": "close"}
)

Labels = tuple[tuple[str, str], ...]


class Counts:
    """What a server has done since it started; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: dict[str, list[int]] = {}
        self._sums_s: dict[str, float] = defaultdict(float)
        self._events: dict[tuple[str, str], float] = defaultdict(float)

    def add_request(self, *, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        with self._lock:
            self._requests[method, path, status] += 1
            buckets = self._seconds.setdefault(path, [0] * (len(_BUCKETS_S) + 1))
            buckets[bisect_left(_BUCKETS_S, seconds)] += 1
            self._sums_s[path] += seconds

    def emit(
        self, metrics: Mapping[str, tuple[float, Unit]], *, dimensions: Mapping[str, str]
    ) -> None:
        """Count what happened to a model, such as a capture that failed; see `Recorder`."""
        if "Model" in dimensions:  # the same without is for alarms, which cannot add up
            with self._lock:
                for name, (value, _) in metrics.items():
                    self._events[name, dimensions["Model"]] += value

    def write(self) -> str:
        """Write all counts as Prometheus reads them."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._list_lines())

    def _list_lines(self) -> Iterator[str]:
        yield "# HELP loop_requests_total Requests that were answered, but those for this page."
        yield "# TYPE loop_requests_total counter"
        for (method, route, status), count in sorted(self._requests.items()):
            asked = (("method", method), ("path", route), ("status", str(status)))
            yield f"loop_requests_total{_write_labels(asked)} {count}"
        yield "# HELP loop_request_seconds Time from a request's head to the end of its answer."
        yield "# TYPE loop_request_seconds histogram"
        for path, counts in sorted(self._seconds.items()):
            total = 0
            for limit, count in zip((*_BUCKETS_S, "+Inf"), counts, strict=True):
                total += count
                labels = (("path", path), ("le", str(limit)))
                yield f"loop_request_seconds_bucket{_write_labels(labels)} {total}"
            yield f"loop_request_seconds_sum{_write_labels((('path', path),))} {self._sums_s[path]}"
            yield f"loop_request_seconds_count{_write_labels((('path', path),))} {total}"
        yield "# HELP loop_events_total What happened to models, named as on CloudWatch."
        yield "# TYPE loop_events_total counter"
        for (name, model), value in sorted(self._events.items()):
            labels = (("event", name), ("model", model))
            yield f"loop_events_total{_write_labels(labels)} {_write_number(value)}"


class Counted:
    """An ASGI application that counts what a router answers, and tells it at ``/metrics``."""

    def __init__(self, router: Router, counts: Counts) -> None:
        self._router = router
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI)."""
        if scope["type"] != "http":
            await self._router(scope, receive, send)
        elif scope["path"] == PATH and scope["method"] == "GET":
            await _send_text(send, self._counts.write())
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_s = time.perf_counter()
        method, status = scope["method"], 0  # which is none yet

        async def notice(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        found = self._router.find(method, scope["path"])
        try:
            if found is None:
                await self._router.pass_on(scope, receive, notice)
            else:
                response = await self._router.answer(found, scope, receive)
                status = response.status_code
                await response(scope, receive, send)
        except CancelledError:
            # The server was told to stop, and has waited for this one as long as it does.
            if not status:
                status = _STOPPING.status_code
                await _STOPPING(scope, receive, send)
        finally:
            self._counts.add_request(
                method=method if method in _METHODS else "other",
                path=found[0].path if found else "other",
                status=status or 500,
                seconds=time.perf_counter() - started_s,
            )


async def _send_text(send: Send, text: str) -> None:
    headers = [(b"content-type", CONTENT_TYPE.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def _write_number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _write_labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"
