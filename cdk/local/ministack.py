"""The embedded default: ministack, in an environment and a process of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk.local.cloud import REGION
from cdk.local.environment import prepare_environment
from cdk.local.hosted import HostedCloud, Program
from cdk.local.ports import LOOPBACK
from core.errors import UnavailableError

if TYPE_CHECKING:
    import socket

    from cdk.local.cloud import Report

VERSION: Final = "1.5.33"
PROJECT: Final = Path(__file__).resolve().parents[2]
_LOCK_FILE: Final = PROJECT / "locks" / "local-cloud.txt"


class MinistackCloud(HostedCloud):
    """The local cloud whose state lies under ``<home>/cloud``."""

    name = f"ministack {VERSION}"
    lacks = (
        "Docker images, SageMaker and CodeDeploy are absent.",
        "What AWS does by itself needs no rights: writing logs and traces, calls by API Gateway.",
        "An event that a rule cannot deliver is lost: it does not reach the dead letters.",
        "Lambda has no memory limit and no boto3 of its own; weighted aliases are ignored.",
        "Functions are not stopped between calls, and an answer waits for work after the answer.",
        "Step Functions writes no logs; Distributed Map ignores ItemBatcher and ResultWriter.",
        "A Step Functions execution does not survive a restart: it ends as FAILED.",
        "Firehose writes one object per record and does not buffer.",
        "CloudWatch has no composite alarms, metric math or metric filters; it keeps three days.",
        "An alarm's change reaches SNS, and not EventBridge.",
        "A hard kill loses what was set up or reported in the last seconds; S3 objects are kept.",
    )
    health_path = "/_ministack/health"

    def __init__(self, home: Path) -> None:
        super().__init__(home / "cloud")
        self._venv = home.resolve() / "emulator" / "venv"

    def prepare(self, *, report: Report) -> Path:
        """Check the saved state, install the emulator; return its interpreter."""
        check_state(self.folder / "state")
        return prepare_environment(self._venv, lock_file=_LOCK_FILE, report=report)

    def program(self, python: Path, bound: socket.socket) -> Program:
        """Return the launcher, which gets the bound socket itself."""
        port, descriptor = bound.getsockname()[1], bound.fileno()
        return Program(
            command=[
                *(str(python), "-B", "-m", "cdk.local.launcher"),
                *(str(port), str(descriptor)),
            ],
            environment=emulator_environment(self.folder, port=port),
            inherited=[descriptor],
        )


def check_state(folder: Path) -> None:
    """Refuse saved state that cannot be read: the emulator would begin without it, then replace it.

    Raises
    ------
    UnavailableError
        Naming the file.
    """
    for file in sorted(folder.glob("*.json")):
        try:
            json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise UnavailableError(
                f"The local cloud's saved state cannot be read: {file}.",
                next_step="Put the file back from a copy, or run `make clean` to begin with an "
                "empty cloud.",
            ) from error


def emulator_environment(folder: Path, *, port: int) -> dict[str, str]:
    """Return the emulator's whole environment."""
    return {
        # The project's own node runs the functions that CDK itself writes in JavaScript.
        "PATH": os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        # Functions act as their roles, and may do what those allow: see cdk/local/mends/rights.py.
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # No Docker engine is used, even where there is one.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "LOG_LEVEL": "INFO",
    }
