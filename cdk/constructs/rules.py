"""Acknowledging a rule of cdk-nag on one construct, with the reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, *, reason: str) -> None:
    """Record that a rule is broken on purpose, at the one construct that breaks it.

    Parameters
    ----------
    construct : IConstruct
        What breaks the rule; the acknowledgement covers it and what is inside it.
    rule : str
        The rule's id with the finding, such as ``"AwsSolutions-IAM5[Resource::*]"``.
    reason : str
        Why it is right here.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
