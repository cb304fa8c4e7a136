"""CloudWatch's own tables, row by row.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.local.companion.alarms import AlarmState, MissingData, Rule, datapoints, decide, evaluate
from cdk.local.companion.samples import Sample

TREATMENTS: tuple[MissingData, ...] = ("missing", "ignore", "breaching", "notBreaching")
# The state that "retain current state" must keep: one that no other rule would give.
RETAINED: AlarmState = "INSUFFICIENT_DATA"


def rule(*, needed: int, of: int, missing_data: MissingData = "missing") -> Rule:
    return Rule(
        statistic="Sum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        period_s=60,
        evaluation_periods=of,
        datapoints_to_alarm=needed,
        missing_data=missing_data,
    )


def points(text: str) -> list[float | None]:
    return [{"0": 0.0, "X": 1.0, "-": None}[mark] for mark in text.split()]


THREE_OF_THREE = [
    ("0 - X - X", ("OK", "OK", "OK", "OK")),
    ("- - - - 0", ("OK", "OK", "OK", "OK")),
    ("- - - - -", ("INSUFFICIENT_DATA", RETAINED, "ALARM", "OK")),
    ("0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("- - X - -", ("ALARM", RETAINED, "ALARM", "OK")),
]
TWO_OF_THREE = [
    ("0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("0 - X - -", ("OK", "OK", "ALARM", "OK")),
    ("- - - - 0", ("OK", "OK", "ALARM", "OK")),
    ("- - - X -", ("ALARM", RETAINED, "ALARM", "OK")),
]


@pytest.mark.parametrize(("text", "expected"), THREE_OF_THREE)
@pytest.mark.parametrize("column", range(4))
def test_three_of_three_follows_the_documented_table(
    text: str, expected: tuple[AlarmState, ...], column: int
) -> None:
    alarm = rule(needed=3, of=3, missing_data=TREATMENTS[column])
    assert evaluate(alarm, points(text), current=RETAINED) == expected[column]


@pytest.mark.parametrize(("text", "expected"), TWO_OF_THREE)
@pytest.mark.parametrize("column", range(4))
def test_two_of_three_follows_the_documented_table(
    text: str, expected: tuple[AlarmState, ...], column: int
) -> None:
    alarm = rule(needed=2, of=3, missing_data=TREATMENTS[column])
    assert evaluate(alarm, points(text), current=RETAINED) == expected[column]


def test_waits_when_breaching_data_are_younger_than_the_datapoints_needed() -> None:
    assert evaluate(rule(needed=3, of=3), points("- - - - X"), current="OK") == "OK"


@pytest.mark.parametrize(
    ("comparison", "value", "breaching"),
    [
        ("GreaterThanOrEqualToThreshold", 1.0, True),
        ("GreaterThanThreshold", 1.0, False),
        ("LessThanThreshold", 1.0, False),
        ("LessThanOrEqualToThreshold", 1.0, True),
        ("GreaterThanThreshold", 1.1, True),
        ("LessThanThreshold", 0.9, True),
    ],
)
def test_compares_as_the_operator_says(comparison: str, value: float, *, breaching: bool) -> None:
    alarm = Rule(statistic="Sum", comparison=comparison, threshold=1, period_s=60)
    assert alarm.is_breaching(value) is breaching


def test_range_is_five_for_three_periods_as_in_the_documentation() -> None:
    assert rule(needed=3, of=3).evaluation_range == 5


def sample(value: float, at: float) -> Sample:
    return Sample.of(value, timestamp=at)


def test_alarms_within_the_period_when_nothing_can_undo_it() -> None:
    alarm = rule(needed=1, of=1, missing_data="notBreaching")
    assert decide(alarm, [sample(1, 605)], now=606, current="OK") == "ALARM"


def test_stays_in_alarm_until_the_period_after_it_has_ended() -> None:
    alarm = rule(needed=1, of=1, missing_data="notBreaching")
    breaching = [sample(1, 605)]
    states = [decide(alarm, breaching, now=now, current="ALARM") for now in range(606, 725)]
    assert states == ["ALARM"] * 116 + ["OK"] * 3


def test_is_not_undone_by_good_data_in_a_period_that_has_not_ended() -> None:
    alarm = rule(needed=1, of=1, missing_data="notBreaching")
    assert decide(alarm, [sample(1, 605), sample(0, 662)], now=663, current="ALARM") == "ALARM"


def test_waits_for_the_end_of_the_period_when_the_average_may_still_fall() -> None:
    alarm = Rule(
        statistic="Average",
        comparison="GreaterThanThreshold",
        threshold=1,
        period_s=60,
        missing_data="notBreaching",
    )
    seen = [sample(5, 605)]
    assert [decide(alarm, seen, now=now, current="OK") for now in (610, 663)] == ["OK", "ALARM"]


def test_groups_samples_into_aligned_periods() -> None:
    alarm = rule(needed=2, of=2)
    seen = [sample(1, 119), sample(2, 60), sample(4, 120), sample(8, 180)]
    assert datapoints(alarm, seen, until=240) == [3, 4, 8]


@given(
    text=st.lists(st.sampled_from("0X-"), min_size=5, max_size=5),
    needed=st.integers(1, 3),
    current=st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA"]),
)
def test_missing_data_do_not_matter_when_there_is_enough_real_data(
    text: list[str], needed: int, current: AlarmState
) -> None:
    values = points(" ".join(text))
    if sum(value is not None for value in values) < 3:
        return
    states = {
        evaluate(rule(needed=needed, of=3, missing_data=how), values, current=current)
        for how in TREATMENTS
    }
    assert len(states) == 1
