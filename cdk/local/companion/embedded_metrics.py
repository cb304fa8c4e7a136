"""Metrics that functions write into their log, in CloudWatch's embedded metric format.

Reference:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

MAX_VALUES: Final = 100
MAX_DIMENSIONS: Final = 30


@dataclass(frozen=True, slots=True)
class Datum:
    """One metric's values under one set of dimensions."""

    namespace: str
    name: str
    unit: str
    values: tuple[float, ...]
    dimensions: tuple[tuple[str, str], ...]
    timestamp: float


def parse_line(line: str) -> list[Datum]:
    """Return the metrics of one log line; none for a line that is not in the format.

    What breaks the format (a dimension without a value, a value that is no number) is left out, as
    CloudWatch leaves it out.

    Examples
    --------
    >>> line = (
    ...     '{"_aws": {"Timestamp": 60000, "CloudWatchMetrics": [{"Namespace": "N", '
    ...     '"Dimensions": [["Stage"]], "Metrics": [{"Name": "Drift"}]}]}, '
    ...     '"Stage": "dev", "Drift": 0.5}'
    ... )
    >>> parse_line(line)[0].values
    (0.5,)
    """
    if not line.lstrip().startswith("{") or '"_aws"' not in line:
        return []
    try:
        root = json.loads(line)
    except (ValueError, RecursionError):
        return []
    about = root.get("_aws") if isinstance(root, dict) else None
    if not isinstance(about, dict) or not _is_number(about.get("Timestamp")):
        return []
    timestamp = float(about["Timestamp"]) / 1000
    directives = about.get("CloudWatchMetrics")
    found: list[Datum] = []
    for directive in directives if isinstance(directives, list) else []:
        if isinstance(directive, dict):
            found += _follow(directive, root, timestamp)
    return found


def _follow(directive: dict[str, Any], root: dict[str, Any], timestamp: float) -> list[Datum]:
    namespace = directive.get("Namespace")
    metrics = directive.get("Metrics")
    if not isinstance(namespace, str) or not namespace or not isinstance(metrics, list):
        return []
    sets = [_dimensions(names, root) for names in directive.get("Dimensions") or [[]]]
    found = []
    for metric in metrics:
        name = metric.get("Name") if isinstance(metric, dict) else None
        if not isinstance(name, str) or not (values := _values(root.get(name))):
            continue
        unit = str(metric.get("Unit") or "None")
        found += [
            Datum(namespace, name, unit, values, dimensions, timestamp)
            for dimensions in sets
            if dimensions is not None
        ]
    return found


def _dimensions(names: object, root: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(names, list) or len(names) > MAX_DIMENSIONS:
        return None
    if not all(isinstance(name, str) and isinstance(root.get(name), str) for name in names):
        return None
    return tuple(sorted((name, root[name]) for name in names))


def _values(value: object) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        return ()
    numbers = tuple(float(one) for one in values if _is_number(one))
    return numbers if len(numbers) == len(values) else ()


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
