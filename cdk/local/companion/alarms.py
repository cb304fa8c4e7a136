"""When an alarm changes its state, as CloudWatch decides it.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cdk.local.companion.samples import statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cdk.local.companion.samples import Sample

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
MissingData = Literal["missing", "ignore", "breaching", "notBreaching"]

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
# A period's value can then only move further beyond the threshold, whatever is still to come.
_RISING: Final = frozenset({"Sum", "SampleCount", "Maximum"})
_FALLING: Final = frozenset({"Minimum"})
LATENESS_S: Final = 2.0
"""How long after its end a period is still waited for: metrics arrive a moment late."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The part of an alarm's definition that decides its state."""

    statistic: str
    comparison: str
    threshold: float
    period_s: int
    evaluation_periods: int = 1
    datapoints_to_alarm: int = 1
    missing_data: MissingData = "missing"

    @property
    def evaluation_range(self) -> int:
        """How many periods are looked at.

        CloudWatch looks at more than the evaluation periods and does not say how many; in the
        example of its documentation they are 5 for 3.
        """
        return 2 * self.evaluation_periods - 1

    def is_breaching(self, value: float) -> bool:
        """Tell whether a datapoint is beyond the threshold."""
        return COMPARISONS[self.comparison](value, self.threshold)

    @property
    def only_worsens(self) -> bool:
        """Whether a breaching period stays breaching until it ends."""
        upwards = self.comparison.startswith("Greater")
        return self.statistic in (_RISING if upwards else _FALLING)


def decide(rule: Rule, samples: Sequence[Sample], *, now: float, current: AlarmState) -> AlarmState:
    """Return the state of an alarm at a moment.

    Parameters
    ----------
    samples : sequence of Sample
        The metric's samples, at least those of the evaluation range; in any order.
    now : float
        Seconds since the epoch.
    current : AlarmState
        The state before.

    Notes
    -----
    Periods begin at multiples of their length. The period that has not ended may raise the alarm
    when nothing that is still to come can undo it (``Sum`` above a threshold); otherwise only
    periods that have ended count.
    """
    settled = evaluate(rule, datapoints(rule, samples, until=now - LATENESS_S), current=current)
    if settled == "ALARM" or not rule.only_worsens:
        return settled
    # The period that has just ended and is still waited for, then the one that has not ended.
    for until in (now, now + rule.period_s):
        points = datapoints(rule, samples, until=until)
        newest = points[-1]
        if newest is not None and rule.is_breaching(newest):
            early = evaluate(rule, points, current=current)
            if early == "ALARM":
                return "ALARM"
    return settled


def datapoints(rule: Rule, samples: Sequence[Sample], *, until: float) -> list[float | None]:
    """Return one value for each period of the evaluation range that has ended at `until`."""
    end = int(until // rule.period_s)
    begin = end - rule.evaluation_range
    grouped: dict[int, list[Sample]] = {}
    for sample in samples:
        grouped.setdefault(int(sample.timestamp // rule.period_s), []).append(sample)
    return [statistic(grouped.get(period, ()), rule.statistic) for period in range(begin, end)]


def evaluate(rule: Rule, points: Sequence[float | None], *, current: AlarmState) -> AlarmState:
    """Return the state that datapoints lead to.

    Parameters
    ----------
    points : sequence of float or None
        The datapoints of the evaluation range, the oldest first; None where one is missing.

    Notes
    -----
    Where there are as many real datapoints as evaluation periods, the most recent of them decide
    and `Rule.missing_data` does not matter. Otherwise all real ones count, and as few missing ones
    as possible are filled in.
    """
    real = [point for point in points if point is not None]
    if not real:
        return _without_data(rule, current)
    recent = real[-rule.evaluation_periods :]
    filled = rule.evaluation_periods - len(recent)
    breaching = sum(rule.is_breaching(point) for point in recent)
    if rule.missing_data == "breaching":
        breaching += filled
    if breaching >= rule.datapoints_to_alarm:
        return "ALARM"
    only_breaching = breaching == len(recent)
    if filled and only_breaching and rule.missing_data in ("missing", "ignore"):
        return _too_few(rule, points, current)
    return "OK"


def _without_data(rule: Rule, current: AlarmState) -> AlarmState:
    states: dict[MissingData, AlarmState] = {
        "missing": "INSUFFICIENT_DATA",
        "ignore": current,
        "breaching": "ALARM",
        "notBreaching": "OK",
    }
    return states[rule.missing_data]


def _too_few(rule: Rule, points: Sequence[float | None], current: AlarmState) -> AlarmState:
    # "Avoiding premature transitions to alarm state": with every real datapoint breaching, the
    # alarm goes off once the oldest of them is as old as the datapoints that it needs.
    if rule.missing_data == "ignore":
        return current
    oldest = next(index for index, point in enumerate(points) if point is not None)
    return "ALARM" if len(points) - oldest >= rule.datapoints_to_alarm else current
