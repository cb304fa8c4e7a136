"""The learner's own alarm: what they add to the monitoring stack, and what they may use for it."""

from dataclasses import dataclass, field
from typing import Literal

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk.constructs.alarms import AlarmTopic, Limit
from cdk.constructs.loop_alarms import LoopMetrics
from core import parts
from core.parts import PartError

_ALLOWED = "AWS::CloudWatch::"
_MISSING = {
    "notBreaching": cloudwatch.TreatMissingData.NOT_BREACHING,
    "breaching": cloudwatch.TreatMissingData.BREACHING,
    "ignore": cloudwatch.TreatMissingData.IGNORE,
    "missing": cloudwatch.TreatMissingData.MISSING,
}

Missing = Literal["notBreaching", "breaching", "ignore", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a learner's ``add_alarm`` may use.

    Attributes
    ----------
    topic : AlarmTopic
        What all alarms speak to.
    metrics : LoopMetrics
        What the reference alarms look at.
    made : list of aws_cdk.aws_cloudwatch.Alarm
        What `add` has made.
    """

    topic: AlarmTopic
    metrics: LoopMetrics
    made: list[cloudwatch.Alarm] = field(default_factory=list)

    @property
    def stage(self) -> str:
        """Where it is deployed: ``dev`` or ``prod``."""
        return self.metrics.config.stage

    @property
    def prefix(self) -> str:
        """What the names of this deployment's alarms begin with."""
        return self.metrics.config.prefix

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """Return a metric that the functions publish, such as ``Drift``: the worst of all models.

        Parameters
        ----------
        statistic : str
            ``Maximum``, ``Minimum``, ``Average``, ``Sum``, ``p99``, …
        """
        return self.metrics.own(name, statistic)

    def add(
        self,
        slug: str,
        *,
        metric: cloudwatch.IMetric,
        at_least: float,
        description: str,
        minutes: int = 1,
        breaching: int = 1,
        missing: Missing = "notBreaching",
    ) -> cloudwatch.Alarm:
        """Make an alarm named ``closed-loop-{stage}-{slug}`` that tells its begin and its end.

        Parameters
        ----------
        at_least : float
            The smallest value that breaches.
        minutes, breaching : int
            How many minutes are looked at, and in how many of them the limit must be reached.
        missing : {'notBreaching', 'breaching', 'ignore', 'missing'}
            What a minute without data means.
        """
        limit = Limit(
            at_least=at_least, minutes=minutes, breaching=breaching, missing=_MISSING[missing]
        )
        alarm = self.topic.add(slug, metric=metric, limit=limit, description=description)
        self.made.append(alarm)
        return alarm


def add_own_alarm(
    scope: Construct, *, topic: AlarmTopic, metrics: LoopMetrics
) -> list[cloudwatch.Alarm]:
    """Let the learner's part add what it has to, if there is one.

    Raises
    ------
    PartError
        If it breaks, or makes anything but alarms and what belongs to them.
    """
    function = parts.load_function("alarm")
    if function is None:
        return []
    before = {each.node.path for each in _list_resources(scope)}
    use = Use(topic=topic, metrics=metrics)
    with parts.guarded("alarm", sees_data=False):
        function(Construct(scope, "Learner"), use)
    for each in _list_resources(scope):
        kind = each.cfn_resource_type
        if each.node.path not in before and not kind.startswith(_ALLOWED):
            raise PartError(
                f"Your part alarm makes an {kind}; it may make what begins with {_ALLOWED} alone."
            )
    return use.made


def _list_resources(scope: Construct) -> list[CfnResource]:
    """Return all that is in the app: a part may reach beyond its own stack."""
    found = Stack.of(scope).node.root.node.find_all()
    return [each for each in found if isinstance(each, CfnResource)]
