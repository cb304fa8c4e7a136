"""What all stacks of a deployment have in common."""

from aws_cdk import Environment, Stack
from constructs import Construct

from cdk.config import Config


class LoopStack(Stack):
    """A stack named ``closed-loop-{stage}-{name}``; in ``prod`` it cannot be deleted by mistake."""

    def __init__(self, scope: Construct, name: str, *, config: Config, description: str) -> None:
        super().__init__(
            scope,
            f"{config.prefix}-{name}",
            # Without a region the stack takes the one of whoever deploys it: nothing is looked up.
            env=Environment(region=config.region) if config.region else None,
            description=f"Closed Loop: {description}",
            termination_protection=config.is_prod,
        )
