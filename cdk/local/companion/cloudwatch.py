"""The emulator's CloudWatch, as the companion reads and writes it."""
# ruff: noqa: SLF001 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from cdk.local.companion.alarms import COMPARISONS, Rule, decide
from cdk.local.companion.embedded_metrics import parse_line
from cdk.local.companion.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

_LOG = logging.getLogger("cdk.local.cloudwatch")
_MERGE_S: Final = 10.0
_LATE_S: Final = 3600.0

Dimensions = tuple[tuple[str, str], ...]


class CloudWatch:
    """Metrics and alarms of the emulator in whose process this runs.

    Parameters
    ----------
    service, responses : module
        ``ministack.services.cloudwatch`` and ``ministack.core.responses``.
    on_change : callable
        Called when an alarm has changed its state, and when log lines were read.
    """

    def __init__(
        self, service: ModuleType, responses: ModuleType, *, on_change: Callable[[], None]
    ) -> None:
        self._service: Any = service
        self._responses: Any = responses
        self._on_change = on_change
        self._lock = threading.Lock()
        self._newest: dict[tuple[object, ...], tuple[float, dict[float, dict[str, Any]]]] = {}

    def record(
        self,
        namespace: str,
        name: str,
        value: float,
        *,
        dimensions: Dimensions,
        unit: str = "Count",
        timestamp: float | None = None,
    ) -> None:
        """Add a value to a metric of the account and region that are being served.

        Equal values within ten seconds become one with a count: the emulator keeps every value
        for two weeks, and a minute of traffic would otherwise be thousands.
        """
        at = time.time() if timestamp is None else timestamp
        key = (namespace, name, self._service._dims_key(dict(dimensions)))
        scope = (self._responses.get_account_id(), self._responses.get_region(), *key)
        with self._lock:
            begin, values = self._newest.get(scope, (0.0, {}))
            if begin != at // _MERGE_S:
                values = {}
                self._newest[scope] = (at // _MERGE_S, values)
            if value in values:
                values[value]["Count"] += 1.0
                return
            values[value] = {
                "Timestamp": at,
                "Value": value,
                "Count": 1.0,
                "Unit": unit,
                "Dimensions": dict(dimensions),
            }
            self._service._metric_bucket(key).append(values[value])

    def record_log_lines(self, lines: Iterable[str]) -> None:
        """Add what log lines in the embedded metric format say."""
        for line in lines:
            for datum in parse_line(line):
                for value in datum.values:
                    self.record(
                        datum.namespace,
                        datum.name,
                        value,
                        dimensions=datum.dimensions,
                        unit=datum.unit,
                        timestamp=datum.timestamp,
                    )
        self._on_change()

    def forget_old(self, *, keep_s: float) -> None:
        """Drop what was published more than `keep_s` seconds ago."""
        since = time.time() - keep_s
        with self._lock:
            for points in self._service._metrics.all_values():
                if points and points[0]["Timestamp"] < since:
                    points[:] = [point for point in points if point["Timestamp"] >= since]

    def evaluate_alarms(self) -> None:
        """Bring every alarm to the state that its metric asks for."""
        for (account, region, _), alarm in self._service._alarms.all_items():
            with self._responses.request_scope(account, region):
                self._evaluate(alarm, now=time.time())

    def _evaluate(self, alarm: dict[str, Any], *, now: float) -> None:
        rule = rule_of(alarm)
        if rule is None:
            return
        old = alarm["StateValue"]
        new = decide(rule, self._samples(alarm, rule, now), now=now, current=old)
        if new == old:
            return
        reason = reason_for(rule, new)
        alarm.update(
            StateValue=new,
            StateReason=reason,
            StateUpdatedTimestamp=int(now),
            StateTransitionedTimestamp=int(now),
        )
        _LOG.info("%s: %s -> %s", alarm["AlarmName"], old, new)
        self._service._record_history(alarm["AlarmName"], old, new, reason)
        self._service._dispatch_alarm_actions(alarm, old, new, reason)
        self._on_change()

    def _samples(self, alarm: Mapping[str, Any], rule: Rule, now: float) -> list[Sample]:
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []}
        key = (alarm["Namespace"], alarm["MetricName"], self._service._dims_key(dimensions))
        unit = alarm.get("Unit")
        since = now - rule.period_s * (rule.evaluation_range + 2)
        samples = []
        for point in reversed(list(self._service._metrics.get(key) or ())):
            if point["Timestamp"] < since - _LATE_S:
                break
            if point["Timestamp"] >= since and unit in (None, "", point.get("Unit")):
                samples.append(sample_of(point))
        return samples


def rule_of(alarm: Mapping[str, Any]) -> Rule | None:
    """Return an alarm's rule; None for those that have no single metric (metric math, anomaly)."""
    comparison = alarm.get("ComparisonOperator")
    if not alarm.get("MetricName") or comparison not in COMPARISONS:
        return None
    periods = int(alarm.get("EvaluationPeriods") or 1)
    return Rule(
        statistic=str(alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"),
        comparison=str(comparison),
        threshold=float(alarm.get("Threshold") or 0),
        period_s=int(alarm.get("Period") or 60),
        evaluation_periods=periods,
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
        missing_data=alarm.get("TreatMissingData") or "missing",
    )


def sample_of(point: Mapping[str, Any]) -> Sample:
    """Return a point of the emulator's store as a sample."""
    at = float(point["Timestamp"])
    published = point.get("_stat")
    if published is None:
        return Sample.of(float(point["Value"]), timestamp=at, count=float(point.get("Count", 1.0)))
    return Sample(
        at,
        float(published.get("SampleCount", 0)),
        float(published.get("Sum", 0)),
        float(published.get("Minimum", 0)),
        float(published.get("Maximum", 0)),
    )


def reason_for(rule: Rule, state: str) -> str:
    """Return the sentence that stands with an alarm's new state."""
    if state == "INSUFFICIENT_DATA":
        return "Insufficient Data: no datapoints were received in the evaluation range."
    crossed = "Threshold Crossed" if state == "ALARM" else "Threshold not crossed"
    return (
        f"{crossed}: {rule.statistic} {rule.comparison} {rule.threshold:g} is needed in "
        f"{rule.datapoints_to_alarm} of the last {rule.evaluation_periods} datapoints."
    )
