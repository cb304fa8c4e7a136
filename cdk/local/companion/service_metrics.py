"""Metrics that AWS services publish about themselves and the emulator does not.

References
----------
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""
# ruff: noqa: SLF001 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from cdk.local.companion.cloudwatch import CloudWatch, Dimensions

_EXECUTION_METRICS: Final = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def record_invocation(
    cloudwatch: CloudWatch, config: Mapping[str, Any], *, duration_s: float, failed: bool
) -> None:
    """Record one call of a function, under its name and under the alias that was called."""
    duration_ms = round_duration(duration_s * 1000)
    for dimensions in function_dimensions(config):
        cloudwatch.record("AWS/Lambda", "Invocations", 1.0, dimensions=dimensions)
        cloudwatch.record("AWS/Lambda", "Errors", float(failed), dimensions=dimensions)
        cloudwatch.record("AWS/Lambda", "Throttles", 0.0, dimensions=dimensions)
        cloudwatch.record(
            "AWS/Lambda", "Duration", duration_ms, dimensions=dimensions, unit="Milliseconds"
        )


def function_dimensions(config: Mapping[str, Any]) -> list[Dimensions]:
    """Return the sets of dimensions under which Lambda publishes a call's metrics."""
    name = str(config["FunctionName"])
    _, _, qualifier = str(config.get("FunctionArn", "")).partition(f":function:{name}:")
    resource = f"{name}:{qualifier}" if qualifier else name
    return [
        (("FunctionName", name),),
        (("FunctionName", name), ("Resource", resource)),
    ]


def round_duration(milliseconds: float) -> float:
    """Return whole milliseconds, of three digits: equal ones are stored as one with a count.

    Examples
    --------
    >>> [round_duration(value) for value in (0.2, 16.4, 12345.6)]
    [1.0, 16.0, 12300.0]
    """
    return max(1.0, float(f"{round(milliseconds):.3g}"))


def record_request(
    cloudwatch: CloudWatch, *, api: str, stage: str, status: int, duration_s: float
) -> None:
    """Record one request to a REST API, under its name and under its stage."""
    latency_ms = round_duration(duration_s * 1000)
    for dimensions in ((("ApiName", api),), (("ApiName", api), ("Stage", stage))):
        cloudwatch.record("AWS/ApiGateway", "Count", 1.0, dimensions=dimensions)
        for name, hundreds in (("4XXError", 4), ("5XXError", 5)):
            value = float(status // 100 == hundreds)
            cloudwatch.record("AWS/ApiGateway", name, value, dimensions=dimensions)
        cloudwatch.record(
            "AWS/ApiGateway", "Latency", latency_ms, dimensions=dimensions, unit="Milliseconds"
        )


class QueueWatch:
    """Records how many messages wait in every queue: each minute, and when the number changes."""

    def __init__(self, service: ModuleType, responses: ModuleType) -> None:
        self._service: Any = service
        self._responses: Any = responses
        self._last: dict[tuple[str, ...], tuple[int, int]] = {}

    def record(self, cloudwatch: CloudWatch) -> None:
        """Record the queues whose numbers are due."""
        now = time.time()
        for (account, region, url), queue in self._service._queues.all_items():
            waiting = [message["visible_at"] for message in list(queue["messages"])]
            visible = sum(at <= now for at in waiting)
            counts = {
                "ApproximateNumberOfMessagesVisible": visible,
                "ApproximateNumberOfMessagesNotVisible": len(waiting) - visible,
            }
            dimensions = (("QueueName", str(url).rsplit("/", 1)[-1]),)
            for name, count in counts.items():
                key, value = (account, region, url, name), (int(now // 60), count)
                if self._last.get(key) != value:
                    self._last[key] = value
                    with self._responses.request_scope(account, region):
                        cloudwatch.record("AWS/SQS", name, float(count), dimensions=dimensions)


class ExecutionWatch:
    """Records how the executions of Step Functions end, those that ended before it apart."""

    def __init__(self, service: ModuleType, responses: ModuleType) -> None:
        self._service: Any = service
        self._responses: Any = responses
        self._ended: set[tuple[str, str, str]] | None = None

    def record(self, cloudwatch: CloudWatch) -> None:
        """Record the executions that ended since the last time."""
        ended = self._now_ended()
        before = ended if self._ended is None else self._ended
        for key, (metric, machine) in ended.items():
            if key not in before:
                with self._responses.request_scope(*key[:2]):
                    dimensions = (("StateMachineArn", machine),)
                    cloudwatch.record("AWS/States", metric, 1.0, dimensions=dimensions)
        self._ended = set(ended)

    def _now_ended(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        return {
            key: (_EXECUTION_METRICS[execution["status"]], execution["stateMachineArn"])
            for key, execution in self._service._executions.all_items()
            if execution.get("status") in _EXECUTION_METRICS
        }
