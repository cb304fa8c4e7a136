import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.local.companion.embedded_metrics import Datum, parse_line


def line(
    *,
    metrics: object = ({"Name": "Drift", "Unit": "None"},),
    dimensions: object = (("Stage",), ("Stage", "Model")),
    timestamp: object = 1_700_000_000_500,
    **fields: object,
) -> str:
    directive = {"Namespace": "ClosedLoop", "Dimensions": dimensions, "Metrics": metrics}
    about = {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}
    values: dict[str, Any] = {"Stage": "dev", "Model": "churn", "Drift": 0.5} | fields
    return json.dumps({"_aws": about, **values})


def test_reads_a_metric_under_each_set_of_dimensions() -> None:
    stage, both = parse_line(line())
    assert stage == Datum(
        "ClosedLoop", "Drift", "None", (0.5,), (("Stage", "dev"),), 1_700_000_000.5
    )
    assert both.dimensions == (("Model", "churn"), ("Stage", "dev"))


def test_reads_many_values_of_one_metric() -> None:
    assert parse_line(line(Drift=[1, 2.5]))[0].values == (1.0, 2.5)


def test_reads_a_metric_without_dimensions() -> None:
    (datum,) = parse_line(line(dimensions=[[]]))
    assert datum.dimensions == ()


def test_leaves_out_only_the_set_whose_dimension_has_no_value() -> None:
    (datum,) = parse_line(line(dimensions=[["Stage"], ["Stage", "Absent"]]))
    assert datum.dimensions == (("Stage", "dev"),)


@pytest.mark.parametrize(
    "value", ["0.5", None, True, float("nan"), float("inf"), [1, "2"], [], {}, list(range(101))]
)
def test_rejects_a_value_that_is_no_number(value: object) -> None:
    assert parse_line(line(Drift=value)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "START RequestId: 1",
        "{",
        '{"_aws": 1}',
        '"_aws"',
        '{"_aws": {}}',
        '["_aws"]',
        line(timestamp=None),
        line(timestamp="now"),
        line(metrics=None),
        line(metrics=[3]),
        line(metrics=[{"Name": "Absent"}]),
        line(dimensions=["Stage"]),
        line(dimensions=[["Stage"] * 31]),
    ],
)
def test_rejects_what_is_not_in_the_format(text: str) -> None:
    assert parse_line(text) == []


@given(st.text())
def test_reads_no_metric_in_other_text(text: str) -> None:
    assert parse_line(text) == []
