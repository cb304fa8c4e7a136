"""What CloudWatch keeps of a metric, and the statistics it makes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """Values published together: one value `count` times, or a statistic set.

    Attributes
    ----------
    timestamp : float
        Seconds since the epoch.
    """

    timestamp: float
    count: float
    total: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, value: float, *, timestamp: float, count: float = 1.0) -> Sample:
        """Return `value`, published `count` times."""
        return cls(timestamp, count, value * count, value, value)


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """Return one statistic of a period's samples, or None when there is none.

    Parameters
    ----------
    samples : sequence of Sample
        All within the period.
    name : str
        ``SampleCount``, ``Sum``, ``Average``, ``Minimum``, ``Maximum`` or a percentile as ``p99``.

    References
    ----------
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

    Examples
    --------
    >>> spike = [Sample.of(10, timestamp=0, count=99), Sample.of(1000, timestamp=0)]
    >>> statistic(spike, "Average")
    19.9
    >>> statistic(spike, "p50")
    10.0
    """
    present = [sample for sample in samples if sample.count > 0]
    if not present:
        return None
    count = sum(sample.count for sample in present)
    total = sum(sample.total for sample in present)
    simple = {
        "SampleCount": count,
        "Sum": total,
        "Average": total / count,
        "Minimum": min(sample.minimum for sample in present),
        "Maximum": max(sample.maximum for sample in present),
    }
    if name in simple:
        return simple[name]
    found = _PERCENTILE.fullmatch(name)
    return _percentile(present, float(found[1]) / 100) if found else None


def _percentile(samples: Sequence[Sample], share: float) -> float | None:
    # A statistic set has no percentile, unless all its values are the same.
    if any(sample.minimum != sample.maximum for sample in samples):
        return None
    ordered = sorted((sample.minimum, sample.count) for sample in samples)
    rank = share * (sum(count for _, count in ordered) - 1)
    below = _value_at(ordered, int(rank))
    above = _value_at(ordered, int(rank) + 1)
    return below + (rank - int(rank)) * (above - below)


def _value_at(ordered: Sequence[tuple[float, float]], index: int) -> float:
    seen = 0.0
    for value, count in ordered:
        seen += count
        if index < seen:
            return float(value)
    return float(ordered[-1][0])
