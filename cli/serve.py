"""``loop serve``: the deployed models behind a local HTTP server."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.models import ModelOption
from cli.parts import find_variables
from cli.session import begin
from cli.system import System
from core.errors import InvalidInputError, NotFoundError, UnavailableError

MODULE = "lambdas.inference.server"
_DONE = {0, 130, -2, -15}


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(serve)


def serve(
    ctx: typer.Context,
    *,
    model: ModelOption = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="A bundle's folder, instead of the deployed bucket."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8080,
    host: Annotated[str, typer.Option("--host", help="0.0.0.0 serves the network.")] = "127.0.0.1",
) -> None:
    """Serve models over HTTP from this computer, until Ctrl-C.

    The deployed API's own paths and protocols without Lambda and without an API key, and /metrics
    for Prometheus. Captures and feedback go to the deployed bucket; a folder keeps nothing.
    """
    session = begin(ctx)
    arguments = ["--host", host, "--port", str(port)]
    if bundle is not None:
        if model is not None:
            raise InvalidInputError(
                "Both --bundle and --model were given; a bundle holds one model.",
                next_step="loop serve --bundle FOLDER",
            )
        arguments += ["--bundle", str(bundle.expanduser().resolve())]
        environment = dict(os.environ)
    else:
        system = session.system()
        if model is not None and not system.registry.versions(model):
            raise NotFoundError(f"There is no model {model}.", next_step="loop models")
        arguments += ["--model", model] if model else []
        own = find_variables(session.home, f"{system.target}/{system.stage}")
        environment = make_environment(system) | own
    code = _run(arguments, environment)
    if code:
        raise typer.Exit(code)


def make_environment(system: System) -> dict[str, str]:
    """Return this process's environment with what the server must know of the system."""
    return {
        **os.environ,
        **(_find_credentials() if system.target == "aws" else {}),
        "BUCKET": system.output("DataBucketName"),
        "STAGE": system.stage,
    }


def _find_credentials() -> dict[str, str]:
    """Return the person's AWS credentials as variables: the server knows no profiles."""
    import boto3  # noqa: PLC0415 - slow to load, and the local cloud does not need it

    found = boto3.Session().get_credentials()
    if found is None:
        raise UnavailableError(
            "No AWS credentials were found.", next_step="aws configure, or set AWS_PROFILE"
        )
    frozen = found.get_frozen_credentials()
    variables = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
    }
    return {name: value for name, value in variables.items() if value}


def _run(arguments: list[str], environment: dict[str, str]) -> int:
    """Run the server in a process of its own: it imports nothing of the command line."""
    # Nothing is ever written to its standard input, which ends when this process does.
    command = [sys.executable, "-m", MODULE, *arguments, "--attended"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, env=environment, stdin=subprocess.PIPE
    ) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches both; a signal to this process alone must not leave the other at work.
            process.terminate()
            code = process.wait()
        except SystemExit:
            process.terminate()
            raise
    return 0 if code in _DONE else code
