"""Wrong: forgets the way to the bucket."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct


def add_bucket(scope: Construct) -> s3.Bucket:
    """Add the bucket that holds our data to a stack."""
    return s3.Bucket(
        scope,
        "Data",
        versioned=True,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[
            s3.LifecycleRule(prefix="captured/", expiration=Duration.days(90)),
            s3.LifecycleRule(
                noncurrent_version_expiration=Duration.days(30),
                abort_incomplete_multipart_upload_after=Duration.days(2),
            ),
        ],
    )
