"""Metrics as log lines: CloudWatch reads them out of what a function prints."""

import json
import math
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Literal

Unit = Literal["None", "Count", "Percent", "Seconds", "Milliseconds", "Microseconds", "Bytes"]

DEFAULT_NAMESPACE = "ClosedLoop"
MAX_METRICS = 100
MAX_DIMENSIONS = 30
_NAME = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")
_RESERVED = "_aws"


def format_metrics(
    metrics: Mapping[str, tuple[float, Unit]],
    *,
    dimensions: Mapping[str, str],
    namespace: str,
    timestamp_ms: int,
) -> str:
    """Write metrics as one line of CloudWatch's embedded metric format.

    Parameters
    ----------
    metrics
        Name to (value, unit); 1 to 100 of them, values finite.
    dimensions
        The one set of dimensions that all of them are published under; at most 30.
    timestamp_ms
        Milliseconds since 1970.

    Raises
    ------
    ValueError
        When CloudWatch would drop the line, which it does without a word.

    References
    ----------
    "Specification: Embedded metric format", Amazon CloudWatch User Guide,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    _check_metrics(metrics)
    _check_dimensions(dimensions, metrics)
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
    }
    line = {
        _RESERVED: {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]},
        **dimensions,
        **{name: value for name, (value, _) in metrics.items()},
    }
    return json.dumps(line, separators=(",", ":"), allow_nan=False)


def emit_metrics(
    metrics: Mapping[str, tuple[float, Unit]], *, dimensions: Mapping[str, str]
) -> None:
    """Publish metrics: print one line of embedded metric format.

    On Lambda the line costs no call: the log service makes the metrics. The namespace is the
    environment variable METRICS_NAMESPACE ("ClosedLoop" when unset). Parameters and errors are
    those of `format_metrics`.
    """
    line = format_metrics(
        metrics,
        dimensions=dimensions,
        namespace=os.environ.get("METRICS_NAMESPACE", DEFAULT_NAMESPACE),
        timestamp_ms=time.time_ns() // 1_000_000,
    )
    # One write, newline included: two threads' lines must not run into each other.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _check_metrics(metrics: Mapping[str, tuple[float, Unit]]) -> None:
    if not 1 <= len(metrics) <= MAX_METRICS:
        raise ValueError(f"One line carries 1 to {MAX_METRICS} metrics, not {len(metrics)}.")
    for name, (value, _) in metrics.items():
        _check_name("metric", name)
        if not math.isfinite(value):
            raise ValueError(f"Metric {name} is not a finite number.")


def _check_dimensions(
    dimensions: Mapping[str, str], metrics: Mapping[str, tuple[float, Unit]]
) -> None:
    if len(dimensions) > MAX_DIMENSIONS:
        raise ValueError(f"At most {MAX_DIMENSIONS} dimensions, not {len(dimensions)}.")
    for name, value in dimensions.items():
        _check_name("dimension", name)
        _check_name(f"value of dimension {name}", value)
        if name.startswith(":"):
            raise ValueError(f"A dimension's name may not start with a colon: {name}.")
        if name in metrics:
            raise ValueError(f"{name} is a metric and a dimension: one line holds each name once.")


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"The {what} must be 1 to 255 printable ASCII characters.")
    if name == _RESERVED:
        raise ValueError(f"{_RESERVED} is taken by the format itself.")
