"""Alarms that all speak to one topic, when they begin and when they end."""

from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.config import Config
from cdk.constructs.removal import removal_policy
from cdk.constructs.rules import acknowledge

PERIOD = Duration.minutes(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """When an alarm begins.

    Attributes
    ----------
    at_least : float
        The smallest value that breaches.
    minutes : int
        How many periods of one minute are looked at.
    breaching : int
        In how many of them the limit must be reached.
    missing : aws_cdk.aws_cloudwatch.TreatMissingData
        What a minute without data means.
    """

    at_least: float
    minutes: int = 1
    breaching: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


class AlarmTopic(Construct):
    """The topic that alarms speak to, and the making of alarms that do.

    Attributes
    ----------
    topic : aws_cdk.aws_sns.Topic
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Closed Loop {config.stage}",
            enforce_ssl=True,
            master_key=self._make_key(config) if config.alarm_key else None,
        )
        # With a policy of its own the topic no longer trusts the account's alarms by itself.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        if not config.alarm_key:
            acknowledge(
                self.topic,
                "AwsSolutions-SNS2",
                reason="Messages hold names of alarms and numbers; CloudWatch can publish to "
                "encrypted topics only with a key that costs money (the setting alarm_key).",
            )

    def add(
        self, slug: str, *, metric: cloudwatch.IMetric, limit: Limit, description: str
    ) -> cloudwatch.Alarm:
        """Make an alarm named ``closed-loop-{stage}-{slug}``."""
        alarm = cloudwatch.Alarm(
            self,
            slug,
            alarm_name=f"{self._config.prefix}-{slug}",
            alarm_description=description,
            metric=metric,
            threshold=limit.at_least,
            comparison_operator=(cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD),
            evaluation_periods=limit.minutes,
            datapoints_to_alarm=limit.breaching,
            treat_missing_data=limit.missing,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm

    def _make_key(self, config: Config) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description=f"Closed Loop {config.stage}: messages of alarms",
            enable_key_rotation=True,
            removal_policy=removal_policy(config),
        )
        key.grant_encrypt_decrypt(iam.ServicePrincipal("cloudwatch.amazonaws.com"))
        return key
