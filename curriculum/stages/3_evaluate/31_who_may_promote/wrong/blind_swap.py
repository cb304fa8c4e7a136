"""Wrong: lets the promoting step write an alias that it cannot read."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def add_rights(bucket: s3.IBucket, judge: iam.IRole, promote: iam.IRole) -> None:
    """Give two roles their rights to the data bucket, and no more."""
    allow(bucket, judge, "s3:GetObject", "runs/*")
    allow(bucket, judge, "s3:PutObject", "runs/*/gate.json")
    allow(bucket, promote, "s3:GetObject", "runs/*/gate.json")
    allow(bucket, promote, "s3:PutObject", "registry/*/aliases/*", "registry/*/history/*")


def allow(bucket: s3.IBucket, role: iam.IRole, action: str, *keys: str) -> None:
    """Allow one action on some keys."""
    resources = [bucket.arn_for_objects(key) for key in keys]
    role.add_to_principal_policy(iam.PolicyStatement(actions=[action], resources=resources))
