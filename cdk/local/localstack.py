"""The second emulator: LocalStack 4.14.0, as a process of ours or one that the person runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cdk.interpreters import find_interpreter
from cdk.local.cloud import REGION, Health, RunningCloud
from cdk.local.environment import prepare_environment
from cdk.local.hosted import HostedCloud, Program, answers
from cdk.local.ports import LOOPBACK
from core.errors import InvalidInputError, LoopError, UnavailableError

if TYPE_CHECKING:
    import socket

    from cdk.local.cloud import Report

VERSION: Final = "4.14.0"
PYTHON: Final = "3.13"
PROJECT: Final = Path(__file__).resolve().parents[2]
ENDPOINT_VARIABLE: Final = "LOOP_LOCALSTACK_ENDPOINT"
PYTHON_VARIABLE: Final = "LOOP_LOCALSTACK_PYTHON"
HEALTH_PATH: Final = "/_localstack/health"
_LOCK_FILE: Final = PROJECT / "locks" / "localstack.txt"
_LACKS: Final = (
    "Nothing is kept: stopping it loses all that was deployed and stored.",
    "A changed endpoint cannot be deployed over the one before: destroy first, then deploy.",
    "The alarms inference-latency, inference-throttles and api-5xx never change: no such metrics.",
    "The dashboard is accepted and not made; HTTP APIs, CodeDeploy and SageMaker are absent.",
    "IAM policies are stored and not enforced: a missing permission shows only on AWS.",
)
_LACKS_UNMENDED: Final = (
    "A landed file does not start training: loop train --data NAME starts it.",
    "Functions log to another log group than the one that loop logs reads.",
    "Embedded-metric log lines do not become metrics, so alarms on them never change.",
)
# What cdk writes when LocalStack makes an alias a second time instead of moving it, and after that.
_BROKEN_BY_UPDATE: Final = ("Alias already exists", "is in a failed state")


class LocalstackProcess(HostedCloud):
    """LocalStack without Docker; its functions run as processes."""

    name = f"LocalStack {VERSION}"
    lacks = (
        *_LACKS,
        "Functions are not stopped between calls, and an answer waits for work after the answer.",
    )
    health_path = HEALTH_PATH
    stop_patience_s = 4.0  # it has nothing to save
    keeps_data = False

    def __init__(self, home: Path) -> None:
        super().__init__(home / "localstack")
        self._venv = home.resolve() / "emulator" / "localstack-venv"

    def explain(self, said: str) -> LoopError | None:
        """Tell a failed update."""
        begin_anew = "loop down --target localstack && loop deploy --target localstack"
        return _explain_update(said, next_step=begin_anew)

    def prepare(self, *, report: Report) -> Path:
        """Install LocalStack; return its interpreter."""
        return prepare_environment(
            self._venv, lock_file=_LOCK_FILE, report=report, interpreter=find_python()
        )

    def program(self, python: Path, bound: socket.socket) -> Program:
        """Return the launcher."""
        port = int(bound.getsockname()[1])
        # LocalStack cannot be given a socket, only a port that is free.
        bound.close()
        return Program(
            command=[str(python), "-B", "-m", "cdk.local.localstack_launcher", str(port)],
            environment=localstack_environment(self.folder, port=port),
        )


class ExternalLocalstack:
    """A LocalStack that the person runs, in Docker for instance; it is never started or stopped."""

    name = "LocalStack (your own)"
    lacks = (*_LACKS, *_LACKS_UNMENDED)
    keeps_data = False

    def __init__(self, endpoint_url: str, *, log_file: Path) -> None:
        parts = urlsplit(endpoint_url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise InvalidInputError(
                f"{ENDPOINT_VARIABLE} is not an address like http://127.0.0.1:4566.",
                next_step=f"Correct {ENDPOINT_VARIABLE}, or unset it to let LocalStack be started.",
            )
        self._host, self._port = parts.hostname, parts.port
        self._cloud = RunningCloud(
            endpoint_url=f"http://{self._host}:{self._port}",
            region=REGION,
            pid=0,
            log_file=log_file,
        )

    def start(self, *, report: Report) -> RunningCloud:
        """Return the running LocalStack."""
        running = self.running()
        if running is None:
            raise UnavailableError(
                f"No LocalStack answers at {self._cloud.endpoint_url}.",
                next_step=f"Start it, or unset {ENDPOINT_VARIABLE} to let one be started.",
            )
        report(f"Using the LocalStack at {running.endpoint_url}")
        return running

    def explain(self, said: str) -> LoopError | None:
        """Tell a failed update."""
        begin_anew = "restart your LocalStack, then loop deploy --target localstack"
        return _explain_update(said, next_step=begin_anew)

    def running(self) -> RunningCloud | None:
        """Return the running LocalStack, or None."""
        return self._cloud if answers(self._host, self._port, HEALTH_PATH) else None

    def stop(self) -> bool:
        """Leave it alone: it is not ours."""
        return False

    def health(self) -> Health:
        """Return whether it answers."""
        return Health("healthy" if self.running() else "not running", port=self._port)


def open_localstack(home: Path) -> LocalstackProcess | ExternalLocalstack:
    """Return the LocalStack that the environment names, or one of ours."""
    endpoint_url = os.environ.get(ENDPOINT_VARIABLE, "")
    if endpoint_url:
        log_file = home / "localstack" / "cloud.log"
        return ExternalLocalstack(endpoint_url, log_file=log_file)
    return LocalstackProcess(home)


def _explain_update(said: str, *, next_step: str) -> LoopError | None:
    if not any(sign in said for sign in _BROKEN_BY_UPDATE):
        return None
    return LoopError(
        f"LocalStack {VERSION} cannot update a function behind an alias, and the stack is broken "
        "now: begin with an empty cloud.",
        next_step=next_step,
    )


def find_python() -> str:
    """Return a Python 3.13 of this computer: LocalStack runs on no other.

    Raises
    ------
    UnavailableError
        When there is none.
    """
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        return named
    found = find_interpreter(PYTHON)
    if found is None:
        raise UnavailableError(
            f"LocalStack needs Python {PYTHON}, and none is found on this computer.",
            next_step=f"Install it (`.venv/bin/uv python install {PYTHON}`), or name one in "
            f"{PYTHON_VARIABLE}; or use the embedded cloud, which needs nothing more.",
        )
    return found


def localstack_environment(folder: Path, *, port: int) -> dict[str, str]:
    """Return LocalStack's whole environment: loopback only, no Docker, no call to the outside."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "FILESYSTEM_ROOT": str(folder / "files"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "AWS_DEFAULT_REGION": REGION,
        # LocalStack's default server ignores the host and binds every address.
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
        "LOCALSTACK_HOST": f"{LOOPBACK}:{port}",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        # Functions are built for the interpreter that runs this project.
        "LOOP_FUNCTION_PYTHON": sys.executable,
    }
