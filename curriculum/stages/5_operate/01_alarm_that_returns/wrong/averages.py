"""Wrong: looks at the average, of which 20 is never reached."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct


def add_alarm(scope: Construct, use: Any) -> None:  # noqa: ARG001, ANN401 - as the system calls it
    """Ring when 20 requests a minute were refused in two of three minutes."""
    use.add(
        "refused-requests",
        metric=refused(use, "Average"),
        at_least=20,
        minutes=3,
        breaching=2,
        missing="notBreaching",
        description="A caller's program sends what the endpoint refuses: loop logs inference",
    )


def refused(use: Any, statistic: str) -> cloudwatch.Metric:  # noqa: ANN401
    """Return the metric of refused requests."""
    metric: cloudwatch.Metric = use.metrics.api.metric_client_error(
        statistic=statistic, period=Duration.minutes(1)
    )
    return metric
