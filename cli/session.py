"""What every command is given: where it speaks, what it remembers, which system it works on."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from cdk.local.cloud import LocalCloud
from cdk.local.emulators import open_cloud
from cdk.toolkit import Toolkit
from cli.home import choose_place, load_deployed, state_home
from cli.output import Output
from cli.system import System
from cli.targets import connect
from core.errors import InvalidInputError, LoopError, UnavailableError

AwsFault = Any  # botocore has one class for many faults, made when it is needed

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
TargetOption = Annotated[
    str | None, typer.Option("--target", help="local, localstack or aws.", show_default=False)
]
StageOption = Annotated[
    str | None, typer.Option("--stage", help="dev or prod.", show_default=False)
]


@dataclass
class Session:
    """One run of ``loop``.

    Attributes
    ----------
    output : Output
        The terminal.
    home : Path
        The folder of the local state.
    connect : callable
        Opens the deployed system; tests give a system that lives in memory.
    open_cloud, make_toolkit : callable
        Make the local cloud and the runner of the CDK command line; tests give others.
    """

    debug: bool = False
    output: Output = field(default_factory=Output)
    home: Path = field(default_factory=state_home)
    connect: Callable[..., System] = connect
    open_cloud: Callable[..., LocalCloud] = open_cloud
    make_toolkit: Callable[..., Toolkit] = Toolkit

    def system(self) -> System:
        """Open the system that was deployed last (or that LOOP_TARGET and LOOP_STAGE name)."""
        target, stage = choose_place(None, None, load_deployed(self.home))
        return self.connect(target=target, stage=stage, home=self.home)


def begin(ctx: typer.Context, *, as_json: bool = False) -> Session:
    """Return the session of a command that starts, with its way of reporting chosen."""
    session: Session = ctx.ensure_object(Session)
    session.output.json = as_json
    return session


def explain(error: Exception) -> LoopError:
    """Turn an error of a library, or one that nobody expected, into a message for a person.

    The text of the original error is left out where it could quote data; ``--debug`` shows it.
    """
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return UnavailableError(
            "The disk is full, so the work could not be kept.",
            next_step="free some space (loop doctor shows how much is needed), then run it again",
        )
    if isinstance(error, PermissionError):
        return LoopError(
            f"Access to {error.filename} was denied.", next_step="change its rights, then try again"
        )
    if isinstance(error, OSError) and error.filename:
        return UnavailableError(
            f"{error.filename} cannot be used: {error.strerror}.",
            next_step="check the path (LOOP_HOME, if it is set, says where the local state lies)",
        )
    if type(error).__module__.startswith("botocore."):
        return _explain_aws(error)
    if type(error).__module__.startswith("httpx"):
        return UnavailableError(
            f"The API did not answer ({type(error).__name__}).", next_step="loop status"
        )
    return LoopError(
        f"Something happened that this program does not know ({type(error).__name__}).",
        next_step="run the same command with --debug, and report what it shows",
    )


def _explain_aws(error: AwsFault) -> LoopError:
    name = type(error).__name__
    if name in {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}:
        return UnavailableError(
            "No AWS credentials were found.",
            next_step="aws configure, or set AWS_PROFILE; then loop doctor --target aws",
        )
    if name == "NoRegionError":
        return InvalidInputError(
            "No AWS region is set.", next_step="export AWS_REGION=eu-central-1, or aws configure"
        )
    if name in {"EndpointConnectionError", "ConnectionClosedError", "ReadTimeoutError"}:
        return UnavailableError("The cloud does not answer.", next_step="make up")
    if name == "ClientError" or hasattr(error, "response"):
        problem = error.response.get("Error", {})
        return LoopError(
            f"{error.operation_name} was refused: {problem.get('Code', 'no code')}, "
            f"{problem.get('Message', 'no message')}",
            next_step="loop status, then loop doctor",
        )
    return LoopError(f"The AWS library failed ({name}).", next_step="loop doctor")
