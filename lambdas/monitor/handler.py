"""The scheduled monitor: whether champions still see and say what they were tested on."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core import keys
from core.bundle import load_bundle
from core.counted import counted
from core.errors import InvalidInputError, LoopError
from core.registry import Registry
from core.store import ObjectStore, open_bucket
from lambdas.monitor.compare import compare_inputs, compare_outcomes
from lambdas.monitor.report import ModelReport, publish_reports
from lambdas.monitor.window import read_window

_MAX_WINDOW_MINUTES: Final = 24 * 60


class MonitorError(LoopError):
    """Some model could not be looked at, or some of its records could not be used."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Look at every model with a champion; the schedule's event says nothing that is needed.

    Returns
    -------
    dict
        ``{"checked_at", "models": [a `ModelReport` each]}``, JSON.

    Raises
    ------
    MonitorError
        At the end, after every model was looked at and published, when one was not sound: the
        function's Errors metric and its alarm are how anybody learns of it.
    """
    store = open_bucket(os.environ["BUCKET"])
    return watch(
        store,
        stage=os.environ["STAGE"],
        window=_window(os.environ.get("WINDOW_MINUTES", "60")),
        now=datetime.now(UTC),
    )


def watch(store: ObjectStore, *, stage: str, window: timedelta, now: datetime) -> dict[str, Any]:
    """Look at every model with a champion between `now - window` and `now`; see `handler`."""
    registry = Registry(store)
    reports = []
    for model in registry.models():
        report = _look_at(store, registry, model, start=now - window, now=now)
        if report is not None:
            store.put(keys.monitor_latest(model), report.model_dump_json().encode())
            reports.append(report)
    publish_reports(reports, stage=stage)
    _raise_unsound(reports)
    return {
        "checked_at": now.isoformat(),
        "models": [report.model_dump(mode="json") for report in reports],
    }


def _look_at(
    store: ObjectStore, registry: Registry, model: str, *, start: datetime, now: datetime
) -> ModelReport | None:
    """Return the report on one model; None when it has no champion."""
    try:
        champion = registry.alias(model)
        if champion is None:
            return None
        version = registry.version(model, champion.version)
        return _compare(store, model, version.version, version.bundle_id, start=start, now=now)
    except Exception as error:  # noqa: BLE001 - one broken model must not hide the others
        # Only our own messages are known to hold no values.
        reason = str(error) if isinstance(error, LoopError) else type(error).__name__
        return ModelReport(model=model, checked_at=now, window_start=start, error=reason)


def _compare(
    store: ObjectStore, model: str, version: int, bundle_id: str, *, start: datetime, now: datetime
) -> ModelReport:
    manifest = load_bundle(store, bundle_id).manifest
    reading = read_window(store, model, version, start=start, end=now)
    drift, broken_rows = compare_inputs(manifest, reading.captures.values())
    quality, broken_outcomes = compare_outcomes(manifest, reading.outcomes)
    return ModelReport(
        model=model,
        model_version=version,
        bundle_id=bundle_id,
        checked_at=now,
        window_start=start,
        captured_rows=drift.rows if drift else 0,
        drift_by_column=drift.columns if drift else None,
        output_drift=drift.output if drift else None,
        largest_drift=drift.largest if drift else None,
        largest_drift_column=drift.largest_column if drift else None,
        drift_verdict=drift is not None and drift.has_verdict,
        labelled_rows=quality.rows if quality else 0,
        live_loss=quality.live_loss if quality else None,
        holdout_loss=quality.holdout_loss if quality else None,
        quality=quality.ratio if quality else None,
        quality_verdict=quality is not None and quality.has_verdict,
        broken_records=reading.broken + broken_rows + broken_outcomes,
        truncated=reading.truncated,
    )


def _raise_unsound(reports: list[ModelReport]) -> None:
    unsound = [report for report in reports if not report.is_sound]
    if not unsound:
        return
    told = "; ".join(
        f"{report.model}: {report.error or counted(report.broken_records, 'broken record')}"
        for report in unsound
    )
    raise MonitorError(
        f"{len(unsound)} of {counted(len(reports), 'model')} could not be watched properly: {told}",
        next_step="Read monitor/{model}/latest.json in the data bucket.",
    )


def _window(minutes: str) -> timedelta:
    if not minutes.isdecimal() or not 1 <= int(minutes) <= _MAX_WINDOW_MINUTES:
        raise InvalidInputError(
            f"WINDOW_MINUTES must be a whole number from 1 to {_MAX_WINDOW_MINUTES}.",
            next_step="Correct it in the monitor function's environment (cdk/config.py).",
        )
    return timedelta(minutes=int(minutes))
