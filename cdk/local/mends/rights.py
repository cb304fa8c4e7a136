"""Rights: what a role may not do fails here as it does on AWS.

ministack 1.5.33 asks for the rights of whoever calls an API, and functions call as their execution
roles. What it does otherwise than AWS: it takes this machine for an open network, so that bucket
policies that refuse plain HTTP, CDK's own among them, refuse every role; it says that an object is
absent to those who may not list its bucket; it does not ask whether a state machine may call a
function, nor whether a rule may start a state machine.
"""
# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import importlib
import logging
import uuid
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Answer = tuple[int, Mapping[str, str], bytes]
    May = Callable[[str, str, str], bool]

_LOG = logging.getLogger("cdk.local.rights")
_machine: ContextVar[str] = ContextVar("the state machine that runs", default="")


def mend_rights() -> None:
    """Put in all mends of this module."""
    app, evaluator, actions = _ministack("app", "core.iam_evaluator", "core.iam_actions")
    workflows, functions, rules = _ministack(
        "services.stepfunctions", "services.lambda_svc", "services.eventbridge"
    )
    may = rights_of_roles(evaluator)
    mend_transport(app)
    mend_absent_objects(app, evaluator, actions)
    mend_workflow_rights(workflows, functions, may)
    mend_rule_rights(rules, may)


def _ministack(*names: str) -> list[ModuleType]:
    # By name: the emulator is no dependency of the project's own environment.
    return [importlib.import_module(f"ministack.{name}") for name in names]


def mend_transport(app: Any) -> None:
    """Let connections within this machine count as encrypted: nobody else can listen to them.

    Parameters
    ----------
    app : module
        ``ministack.app``.
    """
    pin_request_origin = app.pin_request_origin

    def pin_as_encrypted(source_ip: str, _encrypted: object) -> None:
        pin_request_origin(source_ip, True)  # noqa: FBT003 - the emulator's signature

    app.pin_request_origin = pin_as_encrypted


def mend_absent_objects(app: Any, evaluator: Any, actions: Any) -> None:
    """Say 403, not 404, of an absent object to a role that may not list its bucket.

    Parameters
    ----------
    app, evaluator, actions : module
        ``ministack.app``, ``.core.iam_evaluator`` and ``.core.iam_actions``.

    References
    ----------
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    handle_request = app.SERVICE_HANDLERS["s3"]

    async def answer_to_those_who_may_ask(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        answer: Answer = await handle_request(method, path, headers, body, query)
        bucket, _, key = path.lstrip("/").partition("/")
        if method not in {"GET", "HEAD"} or answer[0] != HTTPStatus.NOT_FOUND or not key:
            return answer
        denied = evaluator.enforce(
            app.extract_access_key_id(headers, query),
            "s3:ListBucket",
            "s3",
            app.extract_region(headers, query),
            resource_arn=f"arn:aws:s3:::{bucket}",
        )
        # Another answer than that to a request without a signature: such are anonymous.
        if not isinstance(denied, evaluator.EvalResult):
            return answer
        refusal: Answer = actions.access_denied_response(
            "s3", "s3:ListBucket", denied.principal_arn, str(uuid.uuid4()), headers=headers
        )
        return refusal if method == "GET" else (refusal[0], refusal[1], b"")

    app.SERVICE_HANDLERS["s3"] = answer_to_those_who_may_ask


def mend_workflow_rights(workflows: Any, functions: Any, may: May) -> None:
    """Let a state machine call a function only where its role allows it.

    Parameters
    ----------
    workflows, functions : module
        ``ministack.services.stepfunctions`` and ``.lambda_svc``.
    may : callable
        See `rights_of_roles`.
    """
    execute_task, call_lambda = workflows._execute_task, workflows._call_lambda

    def execute_as_machine(
        state: object, given: object, execution: Mapping[str, Any], context: object
    ) -> Any:
        token = _machine.set(str(execution["stateMachineArn"]))
        try:
            return execute_task(state, given, execution, context)
        finally:
            _machine.reset(token)

    def call_if_allowed(reference: str, event: object) -> Any:
        machine = workflows._state_machines.get(_machine.get())
        _, config, _ = functions._get_func_record_for_ref(reference)
        if machine and config:
            role, function = str(machine["roleArn"]), _called_arn(reference, config)
            if not may(role, "lambda:InvokeFunction", function):
                raise workflows._ExecutionError(
                    "Lambda.AWSLambdaException",
                    f"User: {role} is not authorized to perform: lambda:InvokeFunction on "
                    f"resource: {function} because no identity-based policy allows it",
                )
        return call_lambda(reference, event)

    workflows._execute_task = execute_as_machine
    workflows._call_lambda = call_if_allowed


def _called_arn(reference: str, config: Mapping[str, Any]) -> str:
    """Return what is called as a whole ARN, with the version or alias that the caller named."""
    account = str(config["FunctionArn"]).partition(":function:")[0]
    return f"{account}:function:{reference.rpartition(':function:')[2]}"


def mend_rule_rights(rules: Any, may: May) -> None:
    """Let a rule start a state machine only where its role allows it.

    Parameters
    ----------
    rules : module
        ``ministack.services.eventbridge``.
    may : callable
        See `rights_of_roles`.
    """
    invoke_target = rules._invoke_target

    def invoke_if_allowed(target: Mapping[str, Any], *arguments: object, **options: object) -> None:
        arn, role = str(target.get("Arn", "")), str(target.get("RoleArn", ""))
        if arn.startswith("arn:aws:states:") and not may(role, "states:StartExecution", arn):
            _LOG.error("%s may not start %s", role or "A rule without a role", arn)
            return
        invoke_target(target, *arguments, **options)

    rules._invoke_target = invoke_if_allowed


def rights_of_roles(evaluator: Any) -> May:
    """Return what tells whether a role may do an action on a resource.

    Parameters
    ----------
    evaluator : module
        ``ministack.core.iam_evaluator``.
    """

    def may(role: str, action: str, resource: str) -> bool:
        account, _, path = role.removeprefix("arn:aws:iam::").partition(":role/")
        asked = evaluator.EvalContext(
            principal_arn=role,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=resource.split(":")[3],
        )
        policies = evaluator._gather_role_policies(path.rpartition("/")[2], account)
        return bool(evaluator.evaluate(asked, policies).decision == "Allow")

    return may
