"""Storage: what outlives deployments."""

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.config import Config
from cdk.constructs.data_bucket import DataBucket
from cdk.constructs.removal import removal_policy
from cdk.constructs.rules import acknowledge
from cdk.stacks.base import LoopStack


class StorageStack(LoopStack):
    """The data bucket, and the queue of events that could not be handled.

    Attributes
    ----------
    data : DataBucket
    dead_letters : aws_cdk.aws_sqs.Queue
    """

    def __init__(self, scope: Construct, *, config: Config) -> None:
        super().__init__(
            scope, "storage", config=config, description="the data bucket and the dead letters"
        )
        self.data = DataBucket(self, "Data", config=config)
        self.dead_letters = self._make_dead_letters(config)
        CfnOutput(self, "DataBucketName", value=self.data.bucket.bucket_name)

    def _make_dead_letters(self, config: Config) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=removal_policy(config),
        )
        # By name and not by reference: the rules live in stacks that depend on this one.
        rules = self.format_arn(
            service="events", resource="rule", resource_name=f"{config.prefix}-*"
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RulesOfThisDeployment",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rules}},
            )
        )
        for rule in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"):
            acknowledge(
                queue,
                rule,
                reason="This is the queue of dead letters itself; an alarm watches it.",
            )
        return queue
