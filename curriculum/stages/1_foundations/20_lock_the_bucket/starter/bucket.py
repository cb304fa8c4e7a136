"""The data bucket, as code."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3


def add_bucket(scope):
    """Add the bucket that holds our data to a stack.

    The promise to the customers whose rows lie in it:
        private    no object can ever be made public, whatever anybody sets on it
        on disk    objects are encrypted
        on its way whoever asks without TLS is refused, for every object and every action
        versions   what is overwritten or deleted by mistake can be brought back for 30 days, and
                   is gone for good at most 60 days later
        captured/  predictions hold people's data: they expire after 90 days
        raw/       landed files are the origin of every model, and never expire
        uploads    parts of an upload that was cut short are gone within a week
        removal    when the stack is deleted, the bucket stays
    """
    return s3.Bucket(
        scope,
        "Data",
        public_read_access=False,
        block_public_access=s3.BlockPublicAccess.BLOCK_ACLS_ONLY,
        removal_policy=RemovalPolicy.RETAIN,
    )
