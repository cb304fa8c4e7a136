"""Functions for the tests, as a person would deploy them."""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

RUNTIME = f"python3.{sys.version_info.minor}"


def make_role(client: Callable[[str], Any], name: str, *, allow: Mapping[str, str]) -> str:
    """Make a role that may do some actions, each on a resource; return its ARN."""
    services = ["lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    rights = [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for action, resource in allow.items()
    ]
    iam = client("iam")
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=name)
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_document(*rights))
    return str(role["Role"]["Arn"])


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def package(source: str) -> bytes:
    """Return a package with `source` as its module ``main``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", source)
    return buffer.getvalue()


def deploy(client: Callable[[str], Any], name: str, source: str, *, timeout_s: int = 30) -> str:
    """Create a function with the alias ``live``; return the alias's ARN."""
    lambdas = client("lambda")
    lambdas.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Handler="main.handler",
        Role=make_role(client, f"{name}-role", allow={"s3:ListAllMyBuckets": "*"}),
        Code={"ZipFile": package(source)},
        Timeout=timeout_s,
        Publish=True,
    )
    alias = lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return str(alias["AliasArn"])
