"""An alarm of your own: a caller's program is broken.

Promise to the people on call:
    it rings        when at least 20 requests were refused (4xx) in each of 2 of the last 3 minutes
    it stays quiet  on an ordinary day: now and then somebody sends a wrong request
    it returns      to OK by itself when it is over, also when nobody calls any more
"""

from aws_cdk import Duration


def add_alarm(scope, use):
    """Add the alarm to the monitoring stack.

    refused(use, statistic)
        the metric of refused requests, see below. For each request it holds a 1 (refused) or a
        0; the statistic ("Sum", "Average", "Maximum", …) makes one number of a minute. A
        minute without requests has no datapoint
    use.add(slug, metric=…, at_least=…, minutes=1, breaching=1, missing="notBreaching",
            description="…")
        an alarm named closed-loop-{stage}-{slug}, told to the topic when it begins and ends. It
        rings when the number was `at_least` so large in `breaching` of the last `minutes`.
        missing is what a minute without a datapoint means: "notBreaching", "breaching",
        "ignore" (stay as it was) or "missing"
    """
    use.add(
        "refused-requests",
        metric=refused(use, "Maximum"),
        at_least=1,
        description="A caller's program sends what the endpoint refuses.",
    )


def refused(use, statistic):
    """Return the metric of refused requests."""
    return use.metrics.api.metric_client_error(statistic=statistic, period=Duration.minutes(1))
