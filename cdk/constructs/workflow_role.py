"""The role of the training workflow: the steps' functions, its logs and traces, and its jobs."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.constructs.rules import acknowledge
from cdk.constructs.training_job import TrainingJobs

# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
_LOGGING = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
# https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
_TRACING = [
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


def make_workflow_role(
    scope: Construct, *, functions: Sequence[lambda_.Function], jobs: TrainingJobs | None
) -> iam.Role:
    """Make the role: it may call the functions, make the jobs, deliver logs and send traces."""
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        inline_policies={
            "steps": iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        actions=["lambda:InvokeFunction"],
                        resources=[function.function_arn for function in functions],
                    ),
                    iam.PolicyStatement(actions=[*_LOGGING, *_TRACING], resources=["*"]),
                    *(jobs.workflow_rights() if jobs else ()),
                ]
            )
        },
    )
    acknowledge(
        role,
        "AwsSolutions-IAM5[Resource::*]",
        reason="Delivery of logs and sending of traces know no resources.",
    )
    if jobs:
        jobs.acknowledge(role)
    return role
