"""``loop traffic``: live traffic as the world would send it, whole or broken."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

import typer

from cli.api import Api
from cli.datasets import DEFAULT_DATASET
from cli.models import ModelOption
from cli.rows import Row, sample_rows
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.counted import counted
from core.errors import InvalidInputError, UnavailableError

MAX_REQUESTS = 100_000
MAX_SECONDS = 3600.0
MAX_RATE = 1000.0
FEEDBACK_AT_ONCE = 100
_RESAMPLED_ROWS = 5000
_TELL_EVERY_S = 5.0


@dataclass
class Summary:
    """What came of the traffic.

    Attributes
    ----------
    statuses : Counter
        HTTP status (or the name of a connection's fault) → requests.
    latencies_ms : list of float
        One a request that was answered.
    outcomes : list
        ``(prediction_id, outcome)`` of every answered prediction.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    outcomes: list[tuple[str, str | float]] = field(default_factory=list)
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """Return the numbers that are reported."""
        sent = self.statuses.total()
        return {
            "requests": sent,
            "seconds": round(self.seconds, 2),
            "requests_per_second": round(sent / self.seconds, 1) if self.seconds else 0.0,
            "statuses": dict(sorted(self.statuses.items())),
            "latency_p50_ms": _quantile(self.latencies_ms, 0.5),
            "latency_p99_ms": _quantile(self.latencies_ms, 0.99),
        }


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(traffic)


def traffic(  # noqa: PLR0913 - a parameter is an option of the command
    ctx: typer.Context,
    *,
    requests: Annotated[int, typer.Option(help="How many.", min=1, max=MAX_REQUESTS)] = 200,
    rate: Annotated[float, typer.Option(help="A second, at most.", min=0.1, max=MAX_RATE)] = 20.0,
    seconds: Annotated[
        float, typer.Option(help="Stop after so many seconds.", min=1, max=MAX_SECONDS)
    ] = MAX_SECONDS,
    broken: Annotated[
        str | None,
        typer.Option("--broken", "--break", help="A broken world; an unknown name lists them."),
    ] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Send the true outcomes afterwards.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="Which customers; others each time by default.", min=0)
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send simulated live traffic.

    Of the normal world, or of a broken one.
    """
    session = begin(ctx, as_json=as_json)
    _check_world(broken)
    system = session.system()
    name = system.model_name(model)
    rows = _rows(system, name, broken=broken, seed=int(time.time()) if seed is None else seed)
    session.output.progress(f"sending {counted(requests, 'request')} to {name}")
    summary = send(session, system.api, name, islice(rows, requests), rate=rate, within_s=seconds)
    document = {"model": name, "broken": broken} | summary.document()
    if feedback:
        document["feedback"] = send_outcomes(session, system.api, name, summary.outcomes)
    session.output.report(document, lambda: _show(session, document))


def send(
    session: Session,
    api: Api,
    model: str,
    rows: Iterator[Row],
    *,
    rate: float,
    within_s: float,
) -> Summary:
    """Send one request a row at a steady pace and time each answer."""
    summary = Summary()
    began = told = time.monotonic()
    for index, row in enumerate(rows):
        pause_s = began + index / rate - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        now = time.monotonic()
        if now - began >= within_s:
            break
        if now - told >= _TELL_EVERY_S:
            told = now
            session.output.progress(f"{counted(index, 'request')} sent")
        _send_one(api, model, row, summary)
    summary.seconds = time.monotonic() - began
    if summary.statuses and not summary.latencies_ms:
        raise UnavailableError(
            f"Of {counted(summary.statuses.total(), 'request')} none reached the API.",
            next_step="loop status",
        )
    return summary


def send_outcomes(
    session: Session, api: Api, model: str, outcomes: list[tuple[str, str | float]]
) -> dict[str, int]:
    """Send the true outcomes of predictions; returns the counts that the API answers."""
    session.output.progress(f"sending {counted(len(outcomes), 'outcome')}")
    counts: Counter[str] = Counter(accepted=0, duplicates=0)
    for first in range(0, len(outcomes), FEEDBACK_AT_ONCE):
        answer = api.send_feedback(
            model,
            [
                {"prediction_id": prediction_id, "outcome": outcome}
                for prediction_id, outcome in outcomes[first : first + FEEDBACK_AT_ONCE]
            ],
        )
        counts.update({name: int(answer.get(name, 0)) for name in counts})
    return dict(counts)


def _send_one(api: Api, model: str, row: Row, summary: Summary) -> None:
    import httpx  # noqa: PLC0415 - slow to load

    started = time.perf_counter()
    try:
        response = api.post(f"/v1/models/{model}/predict", {"records": [row.record]})
    except httpx.HTTPError as error:
        summary.statuses[type(error).__name__] += 1
        return
    summary.latencies_ms.append((time.perf_counter() - started) * 1000)
    summary.statuses[str(response.status_code)] += 1
    if response.is_success:
        prediction = response.json()["predictions"][0]
        summary.outcomes.append((prediction["prediction_id"], row.outcome))


def _rows(system: System, model: str, *, broken: str | None, seed: int) -> Iterator[Row]:
    if model == DEFAULT_DATASET:
        from training.data.simulator import (  # noqa: PLC0415 - numpy is slow to load
            BREAKS,
            NORMAL,
            live_traffic,
        )

        world = BREAKS[broken].world if broken else NORMAL
        for live in live_traffic(seed=seed, world=world):
            yield Row(record=dict(live.record), outcome=live.outcome)
        return
    if broken:
        raise InvalidInputError(
            f"Only the simulated world of {DEFAULT_DATASET} can be broken; {model} has real rows.",
            next_step=f"loop traffic --model {DEFAULT_DATASET} --broken {broken}",
        )
    rows = sample_rows(system, model, count=_RESAMPLED_ROWS, seed=seed)
    while rows:
        yield from rows


def _check_world(broken: str | None) -> None:
    if broken is None:
        return
    from training.data.simulator import BREAKS  # noqa: PLC0415 - numpy is slow to load

    if broken not in BREAKS:
        raise InvalidInputError(
            f"There is no broken world {broken!r}. Worlds: {', '.join(BREAKS)}.",
            next_step=f"loop traffic --broken {next(iter(BREAKS))}",
        )


def _quantile(values: list[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)


def _tenths(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _show(session: Session, document: dict[str, Any]) -> None:
    statuses = ", ".join(f"{count} with {status}" for status, count in document["statuses"].items())
    facts = {
        "model": document["model"],
        "world": document["broken"] or "normal",
        "answers": statuses,
        "seconds": f"{document['seconds']:.1f}",
        "requests per second": f"{document['requests_per_second']:.1f}",
        "latency p50, ms": _tenths(document["latency_p50_ms"]),
        "latency p99, ms": _tenths(document["latency_p99_ms"]),
    }
    if "feedback" in document:
        facts["outcomes accepted"] = document["feedback"]["accepted"]
    session.output.facts(facts)
    if "429" in document["statuses"]:
        session.output.say("429 is the API's limit of requests per second; --rate sends slower.")
    if not all(status.isdigit() for status in document["statuses"]):
        session.output.say("Not every request was answered. Next: loop status")
        return
    session.output.say("Next: loop alarms (the monitor looks every few minutes)")
