"""What the rest of the project knows about a local cloud, whichever emulator it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from core.errors import LoopError

Report = Callable[[str], None]
"""Receives one short line for each thing that takes noticeable time."""

REGION: Final = "us-east-1"
"""The AWS region that every local cloud plays."""

EmulatorName = Literal["ministack", "localstack"]
State = Literal["not running", "starting", "healthy", "unresponsive"]


@dataclass(frozen=True, slots=True)
class Health:
    """How a local cloud is, seen from outside.

    Attributes
    ----------
    state : {"not running", "starting", "healthy", "unresponsive"}
        "unresponsive" is a process that lives and does not answer.
    pid : int or None
        The emulator's process, where it is one of ours.
    port : int or None
        The port on 127.0.0.1.
    since : float or None
        When it was started, in seconds since the epoch.
    """

    state: State
    pid: int | None = None
    port: int | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class RunningCloud:
    """A local cloud that answers: where it is, and how programs reach it.

    Attributes
    ----------
    pid : int
        The emulator's process; 0 when somebody else runs it.
    log_file : Path
        Where the emulator writes its log.
    """

    endpoint_url: str
    region: str
    pid: int
    log_file: Path

    def environment(self) -> dict[str, str]:
        """Return the variables that send boto3, obstore and the CDK CLI to this cloud.

        The credentials are the emulator's public test values; a profile or a proxy of the person's
        own must not come in between, so the AWS configuration files are switched off.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def environment_over(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` without any AWS setting of its own, sent to this cloud.

        Use this for the environment of a program: a left-over ``AWS_PROFILE`` or
        ``AWS_SESSION_TOKEN`` would otherwise win over the values of `environment`.
        """
        kept = {name: value for name, value in base.items() if not name.startswith("AWS_")}
        return kept | self.environment()

    def api_url(self, api_id: str, stage: str) -> str:
        """Return the address of a REST API's stage, without a slash at the end."""
        return f"{self.endpoint_url}/restapis/{api_id}/{stage}/_user_request_"


class LocalCloud(Protocol):
    """An AWS emulator that can be started, stopped and asked how it is."""

    @property
    def name(self) -> str:
        """The emulator's name and version."""
        ...

    @property
    def lacks(self) -> tuple[str, ...]:
        """What works on AWS and does not here, one short sentence each."""
        ...

    @property
    def keeps_data(self) -> bool:
        """Whether what was deployed and stored is there again after a stop and a start."""
        ...

    def explain(self, said: str) -> LoopError | None:
        """Return what a failed deployment's last lines mean here, or None when it is not known."""
        ...

    def start(self, *, report: Report) -> RunningCloud:
        """Start the cloud, or return the running one when it is healthy.

        Raises
        ------
        UnavailableError
            When it cannot be started; the message says why and what to do.
        """
        ...

    def running(self) -> RunningCloud | None:
        """Return the running cloud, or None; never starts anything."""
        ...

    def stop(self) -> bool:
        """Stop the cloud and keep its data; return False when none was running."""
        ...

    def health(self) -> Health:
        """Return how the cloud is, in at most a few seconds."""
        ...
