"""The deployed system as it is seen from outside: stacks, bucket, registry, API, workflow.

boto3 and obstore are imported when they are first needed: ``loop --help`` must not wait for them.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from cli.api import Api
from cli.home import StageName, TargetName
from cli.workflow import Workflow
from core.errors import NotFoundError, UnavailableError
from core.registry import Registry
from core.store import ObjectStore

STACKS = ("storage", "training", "inference", "batch", "monitoring")
READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")

AwsClient = Any
"""A boto3 client: its methods are made when it is made, so no type can name them."""

ClientFactory = Callable[[str], AwsClient]
"""Makes the AWS client of a service by its boto3 name."""


class System:
    """One deployment (target and stage), reached through its public interfaces only.

    Parameters
    ----------
    target : {"local", "localstack", "aws"}
    stage : {"dev", "prod"}
    clients : callable
        Service name → boto3 client.
    open_store : callable
        Bucket name → object store.
    api_url : callable
        (api id, API stage, the stack's own URL) → the address that works from here.
    """

    def __init__(
        self,
        *,
        target: TargetName,
        stage: StageName,
        clients: ClientFactory,
        open_store: Callable[[str], ObjectStore],
        api_url: Callable[[str, str, str], str],
        open_api: Callable[..., Api] = Api,
    ) -> None:
        self.target = target
        self.stage = stage
        self._clients = clients
        self._open_store = open_store
        self._api_url = api_url
        self._open_api = open_api
        self._made: dict[str, Any] = {}

    @property
    def prefix(self) -> str:
        """What the names of all its stacks and alarms begin with."""
        return f"closed-loop-{self.stage}-"

    def client(self, service: str) -> AwsClient:
        """Return the AWS client of a service, made once."""
        if service not in self._made:
            self._made[service] = self._clients(service)
        return self._made[service]

    def stacks(self) -> dict[str, str]:
        """Return stack name → CloudFormation status, for the stacks that exist."""
        found = (self._describe(self.prefix + part) for part in STACKS)
        return {stack["StackName"]: stack["StackStatus"] for stack in found if stack}

    def lift_protection(self) -> None:
        """Let the stacks be destroyed: those of prod are protected, and cdk does not lift that."""
        client = self.client("cloudformation")
        for stack in self.stacks():
            client.update_termination_protection(StackName=stack, EnableTerminationProtection=False)

    def is_deployed(self) -> bool:
        """Tell whether all stacks are there and usable."""
        stacks = self.stacks()
        return len(stacks) == len(STACKS) and all(status in READY for status in stacks.values())

    def has_toolkit(self) -> bool:
        """Tell whether the account was prepared for CDK."""
        stack = self._describe("CDKToolkit")
        return stack is not None and stack["StackStatus"] in READY

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stacks' outputs by name.

        Raises
        ------
        UnavailableError
            When the system is not deployed, or only in part.
        """
        outputs: dict[str, str] = {}
        for part in STACKS:
            stack = self._describe(self.prefix + part)
            if not stack:
                raise UnavailableError(
                    f"The stack {self.prefix}{part} is not deployed on {self.target}.",
                    next_step=self.deploy_command,
                )
            for output in stack.get("Outputs", ()):
                outputs[output["OutputKey"]] = output["OutputValue"]
        return outputs

    @property
    def deploy_command(self) -> str:
        """The command that would deploy this system."""
        if (self.target, self.stage) == ("local", "dev"):
            return "make up"
        return f"loop deploy --target {self.target} --stage {self.stage}"

    def output(self, name: str) -> str:
        """Return one output of the stacks."""
        try:
            return self.outputs[name]
        except KeyError:
            raise NotFoundError(
                f"The stacks have no output {name}: they were deployed by another version.",
                next_step=self.deploy_command,
            ) from None

    @cached_property
    def store(self) -> ObjectStore:
        """The data bucket."""
        return self._open_store(self.output("DataBucketName"))

    @cached_property
    def registry(self) -> Registry:
        """The model registry in the data bucket."""
        return Registry(self.store)

    @cached_property
    def workflow(self) -> Workflow:
        """The training workflow."""
        return Workflow(
            client=self.client("stepfunctions"),
            state_machine_arn=self.output("StateMachineArn"),
            store=self.store,
        )

    @cached_property
    def api_url(self) -> str:
        """The address of the API, as it works from this computer."""
        return self._api_url(
            self.output("ApiId"), self.output("ApiStage"), self.output("ApiUrl")
        ).rstrip("/")

    @cached_property
    def api(self) -> Api:
        """The HTTP API, with its key."""
        found = self.client("apigateway").get_api_key(
            apiKey=self.output("ApiKeyId"), includeValue=True
        )
        return self._open_api(url=self.api_url, key=found["value"])

    def model_name(self, named: str | None) -> str:
        """Return the named model, or the default one."""
        name = named or self.registry.default_model()
        if name is None:
            raise NotFoundError("There is no model yet.", next_step="loop data add subscriptions")
        return name

    def functions(self) -> dict[str, str]:
        """Return logical id → function name of every Lambda function of the project."""
        client = self.client("cloudformation")
        functions: dict[str, str] = {}
        for stack in self.stacks():
            for page in client.get_paginator("list_stack_resources").paginate(StackName=stack):
                for resource in page["StackResourceSummaries"]:
                    if resource["ResourceType"] == "AWS::Lambda::Function":
                        functions[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
        return functions

    def _describe(self, stack: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - see the module's docstring

        try:
            found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            # CloudFormation has no code of its own for "no such stack".
            if error.response.get("Error", {}).get("Code") == "ValidationError":
                return None
            raise
        return found[0] if found and found[0]["StackStatus"] != "DELETE_COMPLETE" else None
