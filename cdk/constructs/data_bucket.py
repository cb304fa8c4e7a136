"""The one bucket that holds everything, and narrow rights to parts of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.config import Config
from cdk.constructs.removal import removal_policy
from cdk.constructs.rules import acknowledge

CAPTURED_DAYS = 90  # predictions hold people's data: kept for monitoring and retraining, no longer
BATCH_DAYS = 90  # files that were scored, and their answers, hold them too
RUNS_DAYS = 400  # a year of runs can be compared with the same month of the year before
NONCURRENT_DAYS = 30
INCOMPLETE_UPLOAD_DAYS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a function may do with the bucket; keys are patterns such as ``"registry/*"``.

    Attributes
    ----------
    reads : tuple of str
        Keys of objects that it may read. What a function creates only where nothing is, or
        replaces only in a known state, it must also read: so a lost answer is told from a conflict.
    writes : tuple of str
        Keys of objects that it may write.
    lists : tuple of str
        Folders whose keys it may list.
    asks : bool
        Whether it may learn that an object is absent. Without this right S3 answers 403 instead of
        404, also where the object could be read. S3 takes the question for a list without a
        prefix, so who may ask may also learn all names in the bucket, though nothing in them.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    asks: bool = False


class DataBucket(Construct):
    """A versioned, encrypted, private bucket, its lifecycle rules and its events.

    Attributes
    ----------
    bucket : aws_cdk.aws_s3.Bucket
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy(config),
            # CloudFormation cannot delete a bucket with objects in it. On AWS a function of CDK's
            # own empties it first; the local clouds delete it as it is and need no such function.
            auto_delete_objects=config.target == "aws" and not config.is_prod,
            lifecycle_rules=_lifecycle_rules(),
        )
        self._send_events()
        self._export = self._export_arn()
        acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            reason="Aliases, the writes that matter, have an audit history of their own; a log of "
            "every access would cost more than the data, and is an account's choice (CloudTrail).",
        )

    def grant(self, function: lambda_.Function, rights: Rights) -> None:
        """Give a function its rights to the bucket; deleting is never among them."""
        assert function.role is not None  # noqa: S101 - every function of ours has one
        self.grant_role(function.role, rights)

    def grant_role(self, role: iam.IRole, rights: Rights) -> None:
        """Give a role its rights to the bucket; see `grant`."""
        self._grant_objects(role, "s3:GetObject", rights.reads)
        self._grant_objects(role, "s3:PutObject", rights.writes)
        if rights.lists:
            folders = {"StringLike": {"s3:prefix": list(rights.lists)}}
            self._grant_list(role, condition=folders)
        if rights.asks:
            self._grant_list(role, condition={"Null": {"s3:prefix": "true"}})

    def grant_delivery(self, role: iam.IRole, folder: str) -> None:
        """Give a stream's role what Firehose wants for writing into a folder.

        https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
        """
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[
                    "s3:GetBucketLocation",
                    "s3:ListBucket",
                    "s3:ListBucketMultipartUploads",
                ],
                resources=[self.bucket.bucket_arn],
            )
        )
        for action in ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"):
            self._grant_objects(role, action, (f"{folder}*",))

    def _grant_list(
        self, role: iam.IRole, *, condition: Mapping[str, Mapping[str, object]]
    ) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions=dict(condition),
            )
        )

    def _grant_objects(self, role: iam.IRole, action: str, keys: Sequence[str]) -> None:
        if not keys:
            return
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[action], resources=[self.bucket.arn_for_objects(key) for key in keys]
            )
        )
        for key in keys:
            if "*" in key:
                acknowledge(
                    role,
                    f"AwsSolutions-IAM5[Resource::{self._export}/{key}]",
                    reason="Keys of this form are made while the loop runs; the function "
                    "works on any of them, and on nothing else.",
                )

    def _export_arn(self) -> str:
        """Export the bucket's ARN, whoever uses it, and return the export's name."""
        stack = Stack.of(self)
        imported: dict[str, str] = stack.resolve(stack.export_value(self.bucket.bucket_arn))
        return imported["Fn::ImportValue"]

    def _send_events(self) -> None:
        """Send the bucket's events to EventBridge.

        The level-two property would add a custom resource with a function of its own, for what
        CloudFormation can say by itself.
        """
        resource = self.bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - what CDK makes, told to mypy
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )


def _lifecycle_rules() -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="captured", prefix="captured/", expiration=Duration.days(CAPTURED_DAYS)
        ),
        s3.LifecycleRule(id="batch", prefix="batch/", expiration=Duration.days(BATCH_DAYS)),
        s3.LifecycleRule(id="runs", prefix="runs/", expiration=Duration.days(RUNS_DAYS)),
        s3.LifecycleRule(
            id="old-versions",
            noncurrent_version_expiration=Duration.days(NONCURRENT_DAYS),
            expired_object_delete_marker=True,
        ),
        s3.LifecycleRule(
            id="incomplete-uploads",
            abort_incomplete_multipart_upload_after=Duration.days(INCOMPLETE_UPLOAD_DAYS),
        ),
    ]
