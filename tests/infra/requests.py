"""What a state of the workflow would ask a service for: its template and its paths filled in."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.infra.conftest import Synthesized

Request = dict[str, Any]

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


def read_definition(deployment: Synthesized) -> Request:
    """Return the state machine's definition as it is once CloudFormation has filled it in."""
    (machine,) = deployment.resources("AWS::StepFunctions::StateMachine", "training").values()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    definition: Request = json.loads("".join(map(_deployed, parts)))
    return definition


def fill_in(template: object, *, item: Mapping[str, object], execution: str) -> Any:  # noqa: ANN401
    """Return a state's parameters as Step Functions sends them: ``Name.$`` becomes ``Name``."""
    scope = {"$": item, "$$": {"Execution": {"Name": execution}}}
    if isinstance(template, dict):
        return {
            name.removesuffix(".$"): (
                _evaluate(value, scope)
                if name.endswith(".$")
                else fill_in(value, item=item, execution=execution)
            )
            for name, value in template.items()
        }
    if isinstance(template, list):
        return [fill_in(value, item=item, execution=execution) for value in template]
    return template


def _deployed(part: object) -> str:
    if isinstance(part, str):
        return part
    assert isinstance(part, dict)
    ((kind, value),) = part.items()
    if kind == "Fn::Sub":
        return re.sub(r"\$\{([^}]+)\}", lambda found: _PSEUDO[found[1]], value)
    if kind == "Ref":
        return _PSEUDO[value]
    if kind == "Fn::ImportValue":
        return "data-bucket"
    name = value[0]
    kind = "role" if "Role" in name else "function"
    return f"arn:aws:iam::{ACCOUNT}:{kind}/closed-loop-{name}"


def _evaluate(expression: str, scope: Mapping[str, Any]) -> str:
    """Evaluate a path or one of the intrinsic functions that the workflow uses.

    https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
    """
    expression = expression.strip()
    if expression.startswith("'"):
        return expression[1:-1]
    if called := re.fullmatch(r"States\.(\w+)\((.*)\)", expression):
        arguments = [_evaluate(argument, scope) for argument in _split(called[2])]
        if called[1] == "Hash":
            assert arguments[1] == "MD5"
            return hashlib.md5(arguments[0].encode(), usedforsecurity=False).hexdigest()
        assert called[1] == "Format"
        return arguments[0].format(*arguments[1:])
    root, *names = expression.split(".")
    found = scope[root]
    for name in names:
        found = found[name]
    return str(found)


def _split(arguments: str) -> list[str]:
    """Split at the commas that are in no quotes and no brackets."""
    return re.findall(r"(?:'[^']*'|\w[\w.]*\([^()]*\)|[^,'()])+", arguments)
