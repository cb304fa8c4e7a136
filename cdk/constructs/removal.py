"""What becomes of stateful things when a stack is destroyed, and how long logs are kept."""

from aws_cdk import Aws, Fn, RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.config import Config

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
}


def removal_policy(config: Config) -> RemovalPolicy:
    """Return what happens to stateful things: ``dev`` destroys them, ``prod`` retains them."""
    return RemovalPolicy.RETAIN if config.is_prod else RemovalPolicy.DESTROY


def make_log_group(
    scope: Construct, construct_id: str, *, config: Config, name: str | None = None
) -> logs.LogGroup:
    """Make a log group with the deployment's retention; none is left to be made implicitly."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=_RETENTION[config.log_retention_days],
        removal_policy=removal_policy(config),
    )


def make_workflow_log_group(
    scope: Construct, construct_id: str, *, config: Config
) -> logs.LogGroup:
    """Make a log group for a state machine, under a name that fills no policy of the account.

    Step Functions enters each group that it writes to into one policy, which holds 5,120
    characters: a few dozen. One entry serves all names that begin like this one.
    https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
    """
    # What prod keeps must not be in the way of a stack that is made again.
    stack_guid = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    name = f"/aws/vendedlogs/states/{config.prefix}-{scope.node.id.lower()}-{stack_guid}"
    return make_log_group(scope, construct_id, config=config, name=name)
