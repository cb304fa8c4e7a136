import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate  # type: ignore[import-untyped]

from core.telemetry import Unit, emit_metrics, format_metrics

# The schema that the CloudWatch specification prints, for the parts that we write.
SPECIFICATION = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "maxItems": 30,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1},
                                        "Unit": {"type": "string", "minLength": 1},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
NAMES = st.from_regex(r"[A-Z][A-Za-z0-9]{1,20}", fullmatch=True)
UNITS: st.SearchStrategy[Unit] = st.sampled_from(["None", "Count", "Milliseconds"])
VALUES = st.floats(allow_nan=False, allow_infinity=False)


@given(
    metrics=st.dictionaries(NAMES, st.tuples(VALUES, UNITS), min_size=1, max_size=5),
    stage=st.sampled_from(["dev", "prod"]),
)
def test_a_line_has_the_form_of_the_specification(
    metrics: dict[str, tuple[float, Unit]], stage: str
) -> None:
    metrics.pop("Stage", None)
    metrics["Drift"] = (0.5, "None")
    text = format_metrics(
        metrics, dimensions={"Stage": stage}, namespace="ClosedLoop", timestamp_ms=1_700_000_000_000
    )
    line = json.loads(text)
    validate(line, SPECIFICATION)
    assert "\n" not in text
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    # Every name that the directive promises is a target member beside it: a number, or a text.
    assert {entry["Name"]: line[entry["Name"]] for entry in directive["Metrics"]} == {
        name: value for name, (value, _) in metrics.items()
    }
    assert [line[name] for name in directive["Dimensions"][0]] == [stage]


def test_one_line_is_printed_under_the_namespace_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METRICS_NAMESPACE", "Elsewhere")
    emit_metrics({"Drift": (0.25, "None")}, dimensions={"Stage": "dev", "Model": "subscriptions"})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    line = json.loads(printed)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Elsewhere"
    assert (line["Stage"], line["Model"], line["Drift"]) == ("dev", "subscriptions", 0.25)
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60


@pytest.mark.parametrize(
    ("metrics", "dimensions"),
    [
        ({}, {"Stage": "dev"}),
        ({f"M{n}": (1.0, "Count") for n in range(101)}, {"Stage": "dev"}),
        ({"Drift": (float("nan"), "None")}, {"Stage": "dev"}),
        ({"Drift": (float("inf"), "None")}, {"Stage": "dev"}),
        ({"": (1.0, "None")}, {"Stage": "dev"}),
        ({"_aws": (1.0, "None")}, {"Stage": "dev"}),
        ({"Drift": (1.0, "None")}, {"Stage": ""}),
        ({"Drift": (1.0, "None")}, {"Stage": "dév"}),
        ({"Drift": (1.0, "None")}, {":Stage": "dev"}),
        ({"Drift": (1.0, "None")}, {"Drift": "dev"}),
        ({"Drift": (1.0, "None")}, {f"D{n}": "x" for n in range(31)}),
    ],
)
def test_rejects_what_cloudwatch_would_drop_without_a_word(
    metrics: dict[str, tuple[float, Unit]], dimensions: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=r"\."):
        format_metrics(metrics, dimensions=dimensions, namespace="ClosedLoop", timestamp_ms=0)
