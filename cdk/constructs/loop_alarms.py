"""The loop's metrics and its alarms: which number, which limit, and what it means."""

from dataclasses import dataclass, replace

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from cdk.config import Config
from cdk.constructs.alarms import PERIOD, AlarmTopic, Limit
from cdk.constructs.capture_stream import CaptureStream
from cdk.constructs.python_function import METRICS_NAMESPACE

LATENCY_LIMIT_MS = 3000
# A population stability index above 0.25 is a large change by the usual reading: Siddiqi, Credit
# Risk Scorecards (2006).
DRIFT_LIMIT = 0.25
# Live loss over holdout loss: half as bad again as promised.
QUALITY_LIMIT = 1.5
# The stream gathers for one minute, and keeps what it cannot deliver for a day.
UNDELIVERED_LIMIT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopMetrics:
    """Every number that alarms and the dashboard look at, from the things that publish it."""

    config: Config
    predictor: lambda_.IFunction
    monitor: lambda_.IFunction
    api: apigateway.RestApi
    captures: CaptureStream
    dead_letters: sqs.IQueue
    workflow: sfn.IStateMachine
    batch: sfn.IStateMachine

    def own(self, name: str, statistic: str) -> cloudwatch.Metric:
        """Return a metric that the functions publish: the worst over all models."""
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"Stage": self.config.stage},
            statistic=statistic,
            period=PERIOD,
        )

    def errors(self, function: lambda_.IFunction) -> cloudwatch.Metric:
        """Return how many invocations of a function failed."""
        return function.metric_errors(statistic=cloudwatch.Stats.SUM, period=PERIOD)

    def latency(self, statistic: str) -> cloudwatch.Metric:
        """Return how long the inference function takes, in milliseconds."""
        return self.predictor.metric_duration(statistic=statistic, period=PERIOD)

    def waiting_dead_letters(self) -> cloudwatch.Metric:
        """Return how many events nobody has handled."""
        return self.dead_letters.metric_approximate_number_of_messages_visible(
            statistic=cloudwatch.Stats.MAXIMUM, period=PERIOD
        )


def add_alarms(topic: AlarmTopic, *, metrics: LoopMetrics) -> list[cloudwatch.Alarm]:
    """Make all alarms of the loop."""
    return [
        *_service_alarms(topic, metrics),
        *_execution_alarms(topic, metrics),
        *_model_alarms(topic, metrics),
    ]


def _service_alarms(topic: AlarmTopic, metrics: LoopMetrics) -> list[cloudwatch.Alarm]:
    total = cloudwatch.Stats.SUM
    return [
        topic.add(
            "inference-errors",
            metric=metrics.errors(metrics.predictor),
            limit=Limit(at_least=1),
            description="The inference function failed. See: loop logs inference",
        ),
        topic.add(
            "inference-latency",
            metric=metrics.latency(cloudwatch.Stats.p(99)),
            # A single cold start is no incident.
            limit=Limit(at_least=LATENCY_LIMIT_MS, minutes=3, breaching=2),
            description=f"1 in 100 predictions takes {LATENCY_LIMIT_MS / 1000:g} s or longer.",
        ),
        topic.add(
            "inference-throttles",
            metric=metrics.predictor.metric_throttles(statistic=total, period=PERIOD),
            limit=Limit(at_least=1),
            description="Lambda refused to run the inference function: too many at once.",
        ),
        topic.add(
            "api-5xx",
            metric=metrics.api.metric_server_error(statistic=total, period=PERIOD),
            limit=Limit(at_least=1),
            description="The API answered a request with a server error.",
        ),
        topic.add(
            "undelivered-captures",
            metric=metrics.captures.metric_age(),
            limit=Limit(at_least=UNDELIVERED_LIMIT_S),
            description="Captures wait in the stream: it cannot write them to the bucket.",
        ),
        topic.add(
            "dead-letters",
            metric=metrics.waiting_dead_letters(),
            limit=Limit(at_least=1),
            description="An event could not be handled and waits in the queue of dead letters.",
        ),
        topic.add(
            "monitor-errors",
            metric=metrics.errors(metrics.monitor),
            limit=Limit(at_least=1),
            description="The monitor failed, so drift and live quality are not being measured.",
        ),
    ]


def _execution_alarms(topic: AlarmTopic, metrics: LoopMetrics) -> list[cloudwatch.Alarm]:
    """Watch for executions of both state machines that did not succeed."""
    total = cloudwatch.Stats.SUM
    told = (
        ("workflow", metrics.workflow,
         "An execution of the workflow failed, perhaps without a record of it.",
         "An execution of the workflow took too long and was ended, unrecorded."),
        ("batch", metrics.batch,
         "A file was not scored, or not all of it. See: loop batches",
         "Scoring a file took too long and was ended. See: loop batches"),
    )  # fmt: skip
    return [
        topic.add(f"{name}-{slug}", metric=metric, limit=Limit(at_least=1), description=description)
        for name, machine, failed, late in told
        for slug, metric, description in (
            ("failures", machine.metric_failed(statistic=total, period=PERIOD), failed),
            ("timeouts", machine.metric_timed_out(statistic=total, period=PERIOD), late),
        )
    ]


def _model_alarms(topic: AlarmTopic, metrics: LoopMetrics) -> list[cloudwatch.Alarm]:
    # The monitor and the workflow speak now and then, not every minute. Their last word counts
    # until the next one, whether it was good or bad: silence is no proof of recovery.
    last_word = Limit(at_least=1, missing=cloudwatch.TreatMissingData.IGNORE)
    return [
        topic.add(
            "training-failures",
            metric=metrics.own("TrainingFailures", cloudwatch.Stats.MAXIMUM),
            limit=last_word,
            description="A training run failed. The alarm ends when a run ends without a fault.",
        ),
        topic.add(
            "drift",
            metric=metrics.own("Drift", cloudwatch.Stats.MAXIMUM),
            limit=replace(last_word, at_least=DRIFT_LIMIT),
            description="Live inputs or predictions differ from the data a champion learnt from.",
        ),
        topic.add(
            "live-quality",
            metric=metrics.own("LiveQuality", cloudwatch.Stats.MAXIMUM),
            limit=replace(last_word, at_least=QUALITY_LIMIT),
            description="A champion is much worse on live feedback than it was on its holdout.",
        ),
        topic.add(
            "capture-failures",
            metric=metrics.own("CaptureFailures", cloudwatch.Stats.SUM),
            limit=Limit(at_least=1),
            description="Predictions were served but not captured: the loop is open.",
        ),
    ]
