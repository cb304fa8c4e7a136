"""The embedded default: ministack, in an environment and a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk.local.cloud import Health, RunningCloud
from cdk.local.environment import prepare_environment
from cdk.local.ports import LOOPBACK, STANDARD_PORT, bind_loopback, wait_until_free
from cdk.local.process import DetachedProcess, only_one
from core.errors import UnavailableError

if TYPE_CHECKING:
    from cdk.local.cloud import Report, State

VERSION: Final = "1.5.33"
PROJECT: Final = Path(__file__).resolve().parents[2]
_LOCK_FILE = PROJECT / "locks" / "local-cloud.txt"
_START_TIMEOUT_S = 60.0
_START_USUALLY_S = 15.0
_STOP_PATIENCE_S = 20.0
_UNRESPONSIVE_PATIENCE_S = 4.0
_MIN_FREE_BYTES = 300 * 1024**2
_MAX_LOG_BYTES = 20 * 1024**2

LACKS: Final = (
    "Docker images, SageMaker and CodeDeploy are absent.",
    "IAM policies are stored and not enforced: a missing permission shows only on AWS.",
    "Weighted Lambda aliases send everything to the alias's own version.",
    "Step Functions writes no logs; Distributed Map ignores ItemBatcher and ResultWriter.",
    "Firehose writes one object per record and does not buffer.",
    "CloudWatch has no composite alarms, metric math or metric filters.",
    "An alarm's change reaches SNS, and not EventBridge.",
    "A hard kill loses what was set up or reported in the last seconds; S3 objects are kept.",
    "A Step Functions execution does not survive a restart: it ends as FAILED.",
)


class MinistackCloud:
    """The local cloud whose state lies under ``<home>/cloud``."""

    name = f"ministack {VERSION}"
    lacks = LACKS

    def __init__(self, home: Path, *, region: str = "us-east-1") -> None:
        self._home = home.resolve()
        self._region = region
        self._folder = self._home / "cloud"
        self._log_file = self._folder / "cloud.log"
        self._port_file = self._folder / "port.txt"
        self._process = DetachedProcess(self._folder / "process.json")

    def start(self, *, report: Report) -> RunningCloud:
        """Start the emulator, or return the running one when it is healthy."""
        with only_one(self._folder / "start.lock", patience_s=_START_TIMEOUT_S):
            running = self.running()
            if running is not None:
                return running
            if self._process.is_running():
                report("The local cloud does not answer: restarting it")
                self._process.stop(patience_s=_UNRESPONSIVE_PATIENCE_S)
            self._check_disk()
            check_state(self._folder / "state")
            python = prepare_environment(
                self._home / "emulator" / "venv", lock_file=_LOCK_FILE, report=report
            )
            return self._launch(python, report=report)

    def running(self) -> RunningCloud | None:
        """Return the running cloud, or None."""
        record = self._process.record()
        if record is None or not _answers(record.port):
            return None
        return RunningCloud(
            endpoint_url=f"http://{LOOPBACK}:{record.port}",
            region=self._region,
            pid=record.pid,
            log_file=self._log_file,
        )

    def stop(self) -> bool:
        """Stop the emulator, keep its state, and wait until its port is free."""
        with only_one(self._folder / "start.lock", patience_s=_START_TIMEOUT_S):
            record = self._process.record()
            stopped = self._process.stop(patience_s=_STOP_PATIENCE_S)
            if stopped and record is not None:
                wait_until_free(record.port, timeout_s=5)
            return stopped

    def health(self) -> Health:
        """Return how the emulator is."""
        if not self._process.is_running():
            return Health("not running")
        record = self._process.record()
        if record is None:
            return Health("starting")
        if _answers(record.port):
            return Health("healthy", pid=record.pid, port=record.port, since=record.since)
        young = time.time() - record.since < _START_USUALLY_S
        state: State = "starting" if young else "unresponsive"
        return Health(state, pid=record.pid, port=record.port, since=record.since)

    def _launch(self, python: Path, *, report: Report) -> RunningCloud:
        bound = bind_loopback(self._preferred_ports())
        with bound:
            port = int(bound.getsockname()[1])
            report(f"Starting the local cloud on {LOOPBACK}:{port}")
            _rotate(self._log_file)
            log_starts_at = self._log_file.stat().st_size if self._log_file.exists() else 0
            self._process.launch(
                [str(python), "-B", "-m", "cdk.local.launcher", str(port), str(bound.fileno())],
                environment=emulator_environment(self._folder, port=port, region=self._region),
                log_file=self._log_file,
                inherited=(bound.fileno(),),
            )
        running = self._await_answer(port, log_starts_at=log_starts_at)
        _write_atomically(self._port_file, str(port))
        return running

    def _await_answer(self, port: int, *, log_starts_at: int) -> RunningCloud:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            running = self.running()
            if running is not None:
                return running
            died = not self._process.is_running()
            if died or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self._process.stop(patience_s=_UNRESPONSIVE_PATIENCE_S)
        how = "ended at once" if died else f"did not answer within {_START_TIMEOUT_S:.0f} s"
        last_line = _last_line(self._log_file, after=log_starts_at)
        raise UnavailableError(
            f"The local cloud was started on port {port} and {how}. Its last words: {last_line}",
            next_step=f"Read {self._log_file}. `make clean` begins with an empty cloud.",
        )

    def _preferred_ports(self) -> tuple[int, ...]:
        # Addresses that were given out before a restart stay right when the port stays the same.
        try:
            return (int(self._port_file.read_text()), STANDARD_PORT)
        except (FileNotFoundError, ValueError):
            return (STANDARD_PORT,)

    def _check_disk(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        if free < _MIN_FREE_BYTES:
            raise UnavailableError(
                f"The disk is full: {free // 1024**2} MiB are free at {self._folder}, and the "
                f"local cloud needs {_MIN_FREE_BYTES // 1024**2} MiB.",
                next_step="Free some disk space, then run the command again.",
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


def emulator_environment(folder: Path, *, port: int, region: str) -> dict[str, str]:
    """Return the emulator's whole environment: nothing of the person's own settings is in it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
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
        "MINISTACK_REGION": region,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "LOG_LEVEL": "INFO",
    }


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=3)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _rotate(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > _MAX_LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))


def _last_line(file: Path, *, after: int) -> str:
    try:
        with file.open("rb") as log:
            log.seek(after)
            lines = log.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].strip() if lines else "none"


def _write_atomically(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(file)
