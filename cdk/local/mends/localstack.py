"""What LocalStack does otherwise than AWS, where the product needs it. Pinned to 4.14.0."""

from __future__ import annotations

import importlib
import uuid
from typing import Any


def mend_localstack() -> None:
    """Replace two methods of LocalStack's; called once, before it serves.

    - A rule of EventBridge that gives a state machine an input of its own starts nothing:
      LocalStack names the execution after the field ``id``, which only the whole event has.
    - A function's lines go to ``/aws/lambda/<name>``, whatever log group it is configured to have.
    """
    targets: Any = importlib.import_module("localstack.services.events.target")
    environments: Any = importlib.import_module(
        "localstack.services.lambda_.invocation.execution_environment"
    )
    targets.StatesTargetSender.send_event = start_execution(targets.to_json_str)
    environments.ExecutionEnvironment.get_log_group_name = log_group_name


def start_execution(to_json: Any) -> Any:  # noqa: ANN401 - LocalStack's own
    """Return what takes the place of ``StatesTargetSender.send_event``."""

    def send_event(sender: Any, event: object, _trace_header: object) -> None:  # noqa: ANN401
        # LocalStack counts deliveries by this name.
        sender.service = "stepfunctions"
        sender.client.start_execution(
            stateMachineArn=sender.target["Arn"], name=str(uuid.uuid4()), input=to_json(event)
        )

    return send_event


def log_group_name(environment: Any) -> str:  # noqa: ANN401 - LocalStack's own
    """Return the function's log group; in place of ``ExecutionEnvironment.get_log_group_name``."""
    version = environment.function_version
    configured = (version.config.logging_config or {}).get("LogGroup")
    return str(configured or f"/aws/lambda/{version.id.function_name}")
