"""Alarms: the emulator's own evaluation is switched off, the companion's takes its place.

ministack 1.5.33 evaluates an alarm only when data arrive, over all dimensions of the metric
together, and knows neither missing data nor datapoints to alarm: an alarm would flap between its
verdict and the companion's.
"""
# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

from typing import Any


def mend_alarms(service: Any) -> None:
    """Let ``ministack.services.cloudwatch`` leave every alarm's state as it is."""
    service._evaluate_alarm = _leave
    service._evaluate_all_alarms = _leave_all


def _leave(_alarm: object) -> None:
    return None


def _leave_all() -> None:
    return None
