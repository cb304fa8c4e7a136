"""A Lambda function with a role and a log group of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundling import Package
from cdk.config import Config
from cdk.constructs.removal import make_log_group
from cdk.constructs.rules import acknowledge

METRICS_NAMESPACE = "ClosedLoop"

_RUNTIMES = {
    "3.11": lambda_.Runtime.PYTHON_3_11,
    "3.12": lambda_.Runtime.PYTHON_3_12,
    "3.13": lambda_.Runtime.PYTHON_3_13,
}
_ARCHITECTURES = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """What a function runs, and what one invocation may use.

    Attributes
    ----------
    handler : str
        Dotted name of the Python function in its package.
    description : str
        What it is for, in a few words.
    memory_mb : int
        Memory; processor time comes in proportion (1769 MB is one core). New AWS accounts allow
        3008 at most.
    timeout_s : int
        Seconds until Lambda ends it.
    disk_mb : int
        Size of ``/tmp``.
    snap_start : bool
        Whether its published versions start from a snapshot.
    """

    handler: str
    description: str
    memory_mb: int
    timeout_s: int
    disk_mb: int = 512
    snap_start: bool = False


class PythonFunction(Construct):
    """A function from a built package.

    Its role may write to its own log group and send traces, and has whatever is granted to
    ``function`` later. AWS's managed policy for functions would let it write to every log group.

    Attributes
    ----------
    function : aws_cdk.aws_lambda.Function
    spec : FunctionSpec
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        package: Package,
        spec: FunctionSpec,
        environment: Mapping[str, str],
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.spec = spec
        log_group = make_log_group(self, "Logs", config=config)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=_RUNTIMES[config.python],
            architecture=_ARCHITECTURES[config.architecture],
            # The hash says what went in: equal packages are the same asset, built anywhere.
            code=lambda_.Code.from_asset(str(package.path), asset_hash=package.digest),
            handler=spec.handler,
            description=spec.description,
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_s),
            ephemeral_storage_size=Size.mebibytes(spec.disk_mb),
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if spec.snap_start else None,
            environment={
                "STAGE": config.stage,
                "METRICS_NAMESPACE": METRICS_NAMESPACE,
                **environment,
            },
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
        )
        self._acknowledge(role, has_dead_letters=dead_letters is not None)

    @property
    def resource(self) -> lambda_.CfnFunction:
        """The function as CloudFormation sees it."""
        child = self.function.node.default_child
        assert isinstance(child, lambda_.CfnFunction)  # noqa: S101 - what CDK makes, told to mypy
        return child

    def _acknowledge(self, role: iam.IRole, *, has_dead_letters: bool) -> None:
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            reason="X-Ray's actions for sending traces know no resources.",
        )
        for rule in ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"):
            acknowledge(
                self.function,
                rule,
                reason="The runtime is a setting: the byte code in the package is made by the "
                "interpreter of the same version that builds it.",
            )
        if self.spec.snap_start:
            acknowledge(
                self.function,
                "Annotation::@aws-cdk/aws-lambda:snapStartRequirePublish",
                reason="Callers use an alias of a published version.",
            )
        if not has_dead_letters:
            acknowledge(
                self.function,
                "Serverless-LambdaDLQ",
                reason="Called synchronously only: the caller gets the error and deals with it.",
            )
