"""The companion's CloudWatch on a stand-in that has the emulator's few names."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from cdk.local.companion.cloudwatch import CloudWatch, rule_of


class Alarms(dict[tuple[str, str, str], dict[str, Any]]):
    def all_items(self) -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
        return list(self.items())


class Metrics(dict[tuple[str, str, str], list[dict[str, Any]]]):
    def all_values(self) -> list[list[dict[str, Any]]]:
        return list(self.values())


class Emulator(ModuleType):
    """The names of ``ministack.services.cloudwatch`` and ``.core.responses`` that are used."""

    def __init__(self) -> None:
        super().__init__("emulator")
        self._metrics = Metrics()
        self._alarms = Alarms()
        self.actions: list[tuple[str, str, str]] = []
        self.history: list[tuple[str, str]] = []

    def get_account_id(self) -> str:
        return "000000000000"

    def get_region(self) -> str:
        return "us-east-1"

    @contextmanager
    def request_scope(self, _account: str, _region: str) -> Iterator[None]:
        yield

    def _dims_key(self, dimensions: dict[str, str]) -> str:
        return "|".join(f"{name}={value}" for name, value in sorted(dimensions.items()))

    def _metric_bucket(self, key: tuple[str, str, str]) -> list[dict[str, Any]]:
        return self._metrics.setdefault(key, [])

    def _record_history(self, _name: str, old: str, new: str, _reason: str) -> None:
        self.history.append((old, new))

    def _dispatch_alarm_actions(
        self, alarm: dict[str, Any], old: str, new: str, _reason: str
    ) -> None:
        self.actions.append((alarm["AlarmName"], old, new))

    def add_alarm(self, name: str, **settings: object) -> dict[str, Any]:
        alarm = {
            "AlarmName": name,
            "Namespace": "N",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Stage", "Value": "dev"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "StateValue": "OK",
        } | settings
        self._alarms["000000000000", "us-east-1", name] = alarm
        return alarm


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def cloudwatch(emulator: Emulator) -> CloudWatch:
    return CloudWatch(emulator, emulator, on_change=lambda: None)


def test_acts_once_when_an_alarm_stays_in_its_state(
    emulator: Emulator, cloudwatch: CloudWatch
) -> None:
    emulator.add_alarm("errors")
    cloudwatch.record("N", "Errors", 1.0, dimensions=(("Stage", "dev"),))
    for _ in range(3):
        cloudwatch.evaluate_alarms()
    assert emulator.actions == [("errors", "OK", "ALARM")]
    assert emulator.history == [("OK", "ALARM")]


def test_an_alarm_sees_only_its_own_dimensions(emulator: Emulator, cloudwatch: CloudWatch) -> None:
    alarm = emulator.add_alarm("errors")
    cloudwatch.record("N", "Errors", 1.0, dimensions=(("Stage", "prod"),))
    cloudwatch.evaluate_alarms()
    assert alarm["StateValue"] == "OK"


def test_an_alarm_with_a_unit_sees_only_that_unit(
    emulator: Emulator, cloudwatch: CloudWatch
) -> None:
    alarm = emulator.add_alarm("errors", Unit="Percent")
    cloudwatch.record("N", "Errors", 1.0, dimensions=(("Stage", "dev"),))
    cloudwatch.evaluate_alarms()
    assert alarm["StateValue"] == "OK"


def test_returns_to_ok_and_acts_when_the_data_are_old(
    emulator: Emulator, cloudwatch: CloudWatch
) -> None:
    emulator.add_alarm("errors", StateValue="ALARM")
    long_ago = time.time() - 500
    cloudwatch.record("N", "Errors", 1.0, dimensions=(("Stage", "dev"),), timestamp=long_ago)
    cloudwatch.evaluate_alarms()
    assert emulator.actions == [("errors", "ALARM", "OK")]


def test_equal_values_become_one_with_a_count(emulator: Emulator, cloudwatch: CloudWatch) -> None:
    for value in (1.0, 1.0, 2.0, 1.0):
        cloudwatch.record("N", "M", value, dimensions=(), timestamp=1000.0)
    (points,) = emulator._metrics.values()
    assert [(point["Value"], point["Count"]) for point in points] == [(1.0, 3.0), (2.0, 1.0)]


def test_forgets_what_is_old(emulator: Emulator, cloudwatch: CloudWatch) -> None:
    for timestamp in (1000.0, time.time()):
        cloudwatch.record("N", "M", 1.0, dimensions=(), timestamp=timestamp)
    cloudwatch.forget_old(keep_s=60)
    (points,) = emulator._metrics.values()
    assert len(points) == 1


@pytest.mark.parametrize(
    "alarm",
    [{"AlarmName": "math"}, {"MetricName": "M", "ComparisonOperator": "GreaterThanUpperThreshold"}],
)
def test_rejects_an_alarm_without_a_single_metric(alarm: dict[str, str]) -> None:
    assert rule_of(alarm) is None


def test_all_datapoints_are_needed_when_the_alarm_does_not_say() -> None:
    rule = rule_of(
        {
            "MetricName": "M",
            "ComparisonOperator": "LessThanThreshold",
            "EvaluationPeriods": 3,
            "ExtendedStatistic": "p99",
        }
    )
    assert rule is not None
    assert (rule.datapoints_to_alarm, rule.statistic, rule.missing_data) == (3, "p99", "missing")
