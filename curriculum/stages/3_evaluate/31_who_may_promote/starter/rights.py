"""Rights of the step that judges, and of the step that promotes."""


def add_rights(bucket, judge, promote):
    """Give two roles their rights to the data bucket, and no more.

    bucket          the data bucket (aws_cdk.aws_s3.IBucket)
    judge, promote  the roles of the two steps (aws_cdk.aws_iam.IRole)

    The promise:
        judge    reads what a run wrote: runs/*. It writes its verdict, runs/*/gate.json, and
                 nothing else: not the evaluation that it judges, and not the registry
        promote  reads the verdict, runs/*/gate.json, and the registry: registry/*. It moves
                 aliases and writes their history: registry/*/aliases/*, registry/*/history/*
        neither  deletes anything, reads raw/, datasets/ or captured/, or has rights to anything
                 that is not in this bucket
    """
    bucket.grant_read_write(judge)
    bucket.grant_read_write(promote)
