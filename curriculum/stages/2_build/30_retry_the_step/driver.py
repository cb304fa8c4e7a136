"""Synthesises the learner's state machine, and returns its definition."""

import json
from types import ModuleType
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from curriculum.material.synthesis import make_once, synthesise


def drive(learner: ModuleType, *_story: object) -> dict[str, Any]:
    """Return what the machine is: the same whatever happens to it."""
    return make_once(learner, make_definition)


def make_definition(learner: ModuleType) -> dict[str, Any]:
    """Return the definition, in which functions are called ``Train`` and ``Keep``."""

    def build(stack: Stack) -> None:
        named = {name: make_function(stack, name) for name in ("Trainer", "Keeper")}
        learner.add_machine(stack, named["Trainer"], named["Keeper"])

    resources = synthesise(build)["Resources"]
    machines = [e for e in resources.values() if e["Type"] == "AWS::StepFunctions::StateMachine"]
    if len(machines) != 1:
        return {"machines": len(machines)}
    written = machines[0]["Properties"]["DefinitionString"]
    definition: dict[str, Any] = json.loads(join(written))
    return definition


def make_function(stack: Stack, name: str) -> lambda_.Function:
    """Make a function that does nothing: only its name is looked at."""
    return lambda_.Function(
        stack,
        name,
        runtime=lambda_.Runtime.PYTHON_3_12,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context):\n    return event\n"),
    )


def join(written: Any) -> str:  # noqa: ANN401 - a template's value
    """Put a text of a template together; of a reference its logical id."""
    if isinstance(written, str):
        return written
    kind, value = next(iter(written.items()))
    if kind == "Fn::Join":
        return str(value[0]).join(map(join, value[1]))
    return str(value[0] if isinstance(value, list) else value)
