import pytest

from cdk.local.companion.service_metrics import function_dimensions, round_duration

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


@pytest.mark.parametrize(
    ("arn", "resource"), [(ARN, "f"), (f"{ARN}:live", "f:live"), (f"{ARN}:3", "f:3"), ("", "f")]
)
def test_a_call_counts_under_the_name_and_under_what_was_called(arn: str, resource: str) -> None:
    assert function_dimensions({"FunctionName": "f", "FunctionArn": arn}) == [
        (("FunctionName", "f"),),
        (("FunctionName", "f"), ("Resource", resource)),
    ]


@pytest.mark.parametrize(
    ("milliseconds", "rounded"), [(0.0, 1.0), (16.4, 16.0), (999.4, 999.0), (12345.6, 12300.0)]
)
def test_rounds_durations_to_whole_milliseconds_of_three_digits(
    milliseconds: float, rounded: float
) -> None:
    assert round_duration(milliseconds) == rounded
