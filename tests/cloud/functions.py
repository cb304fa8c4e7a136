"""Functions for the tests, as a person would deploy them."""

import io
import sys
import zipfile
from collections.abc import Callable
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/test"
RUNTIME = f"python3.{sys.version_info.minor}"


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
        Role=ROLE,
        Code={"ZipFile": package(source)},
        Timeout=timeout_s,
        Publish=True,
    )
    alias = lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return str(alias["AliasArn"])
