"""One page that shows the loop, from traffic to live quality."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk.constructs.alarms import PERIOD
from cdk.constructs.loop_alarms import DRIFT_LIMIT, LATENCY_LIMIT_MS, QUALITY_LIMIT, LoopMetrics

_WIDTH = 8
_TOTAL = cloudwatch.Stats.SUM
_WORST = cloudwatch.Stats.MAXIMUM


def make_dashboard(
    scope: Construct, *, metrics: LoopMetrics, alarms: Sequence[cloudwatch.Alarm]
) -> cloudwatch.Dashboard:
    """Make the dashboard: alarms on top, then serving, then the model's life."""
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=metrics.config.prefix,
        default_interval=Duration.hours(3),
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24)],
            _serving(metrics),
            _model(metrics),
        ],
    )


def _serving(metrics: LoopMetrics) -> list[cloudwatch.IWidget]:
    predictor, api = metrics.predictor, metrics.api
    return [
        _graph(
            "Traffic",
            [
                api.metric_count(statistic=_TOTAL, period=PERIOD, label="requests"),
                metrics.own("CapturedRows", _WORST).with_(label="captured in the window"),
            ],
        ),
        _graph(
            "Latency of the inference function (ms)",
            [
                metrics.latency("p50").with_(label="p50"),
                metrics.latency("p99").with_(label="p99"),
            ],
            limit=LATENCY_LIMIT_MS,
        ),
        _graph(
            "Errors",
            [
                metrics.errors(predictor).with_(label="inference"),
                metrics.errors(metrics.monitor).with_(label="monitor"),
                predictor.metric_throttles(statistic=_TOTAL, period=PERIOD, label="throttles"),
                api.metric_client_error(statistic=_TOTAL, period=PERIOD, label="4xx"),
                api.metric_server_error(statistic=_TOTAL, period=PERIOD, label="5xx"),
                metrics.own("CaptureFailures", _TOTAL).with_(label="not captured"),
                metrics.waiting_dead_letters().with_(label="dead letters"),
            ],
        ),
    ]


def _model(metrics: LoopMetrics) -> list[cloudwatch.IWidget]:
    workflow = metrics.workflow
    return [
        _graph(
            "Training runs",
            [
                workflow.metric_started(statistic=_TOTAL, period=PERIOD, label="started"),
                workflow.metric_succeeded(statistic=_TOTAL, period=PERIOD, label="succeeded"),
                workflow.metric_failed(statistic=_TOTAL, period=PERIOD, label="failed"),
                workflow.metric_timed_out(statistic=_TOTAL, period=PERIOD, label="timed out"),
            ],
        ),
        _graph(
            "Drift (largest population stability index)",
            [metrics.own("Drift", _WORST).with_(label="drift")],
            limit=DRIFT_LIMIT,
        ),
        _graph(
            "Live quality (live loss / holdout loss; 1 is as promised)",
            [metrics.own("LiveQuality", _WORST).with_(label="live quality")],
            limit=QUALITY_LIMIT,
        ),
    ]


def _graph(
    title: str, left: list[cloudwatch.Metric], *, limit: float | None = None
) -> cloudwatch.GraphWidget:
    lines = (
        [cloudwatch.HorizontalAnnotation(value=limit, label="alarm")] if limit is not None else None
    )
    return cloudwatch.GraphWidget(
        title=title,
        left=list[cloudwatch.IMetric](left),
        left_annotations=lines,
        left_y_axis=cloudwatch.YAxisProps(min=0),
        width=_WIDTH,
    )
