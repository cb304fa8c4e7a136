"""Synthesises two roles with the learner's rights, and returns the statements of each."""

from types import ModuleType
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from curriculum.material.synthesis import make_once, synthesise

Statements = dict[str, list[dict[str, Any]]]


def drive(learner: ModuleType, *_asked: object) -> Statements:
    """Return what each role is allowed and denied; the same for all questions."""
    return make_once(learner, make_statements)


def make_statements(learner: ModuleType) -> Statements:
    """Return the statements of the roles ``judge`` and ``promote``."""

    def build(stack: Stack) -> None:
        bucket = s3.Bucket(stack, "Data")
        service = iam.ServicePrincipal("lambda.amazonaws.com")
        roles = [iam.Role(stack, name, assumed_by=service) for name in ("Judge", "Promote")]
        learner.add_rights(bucket, *roles)

    resources = synthesise(build)["Resources"]
    found: Statements = {"judge": [], "promote": []}
    for each in resources.values():
        properties = each.get("Properties", {})
        policies = (
            [properties] if "PolicyDocument" in properties else properties.get("Policies", [])
        )
        for role in found:
            owners = str(properties.get("Roles", "")) + (
                each["Type"] if each["Type"] == "AWS::IAM::Role" else ""
            )
            if role.capitalize() in owners:
                for policy in policies:
                    found[role] += policy["PolicyDocument"]["Statement"]
    return found
