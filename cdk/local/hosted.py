"""What every emulator has in common that runs as a process of ours."""

from __future__ import annotations

import http.client
import shutil
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from cdk.local.cloud import REGION, Health, RunningCloud
from cdk.local.ports import LOOPBACK, STANDARD_PORT, bind_loopback, wait_until_free
from cdk.local.process import DetachedProcess, only_one
from core.errors import UnavailableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cdk.local.cloud import Report, State
    from core.errors import LoopError

_UNRESPONSIVE_PATIENCE_S: Final = 4.0
_MIN_FREE_BYTES: Final = 300 * 1024**2
_MAX_LOG_BYTES: Final = 20 * 1024**2


@dataclass(frozen=True, slots=True)
class Program:
    """How an emulator is started.

    Attributes
    ----------
    environment : Mapping[str, str]
        Its whole environment: nothing of the person's own settings is in it.
    inherited : Sequence[int]
        File descriptors that it gets.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    inherited: Sequence[int] = ()


class HostedCloud(ABC):
    """An emulator whose state, log and process record lie in `folder`."""

    name: ClassVar[str]
    lacks: ClassVar[tuple[str, ...]]
    health_path: ClassVar[str]
    keeps_data: ClassVar[bool] = True
    start_timeout_s: ClassVar[float] = 60.0
    stop_patience_s: ClassVar[float] = 20.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._log_file = self.folder / "cloud.log"
        self._port_file = self.folder / "port.txt"
        self._process = DetachedProcess(self.folder / "process.json")

    def explain(self, said: str) -> LoopError | None:  # noqa: ARG002 - for emulators with faults
        """Return what a failed deployment's last lines mean here, or None when it is not known."""
        return None

    @abstractmethod
    def prepare(self, *, report: Report) -> Path:
        """Check what is needed, install what is missing; return the emulator's interpreter."""

    @abstractmethod
    def program(self, python: Path, bound: socket.socket) -> Program:
        """Return how the emulator is started to serve on the address of `bound`."""

    def start(self, *, report: Report) -> RunningCloud:
        """Start the emulator, or return the running one when it is healthy."""
        with only_one(self.folder / "start.lock", patience_s=self.start_timeout_s):
            running = self.running()
            if running is not None:
                return running
            if self._process.is_running():
                report("The local cloud does not answer: restarting it")
                self._process.stop(patience_s=_UNRESPONSIVE_PATIENCE_S)
            self._check_disk()
            return self._launch(self.prepare(report=report), report=report)

    def running(self) -> RunningCloud | None:
        """Return the running cloud, or None."""
        record = self._process.record()
        if record is None or not self._answers(record.port):
            return None
        return RunningCloud(
            endpoint_url=f"http://{LOOPBACK}:{record.port}",
            region=REGION,
            pid=record.pid,
            log_file=self._log_file,
        )

    def stop(self) -> bool:
        """Stop the emulator, keep its state, and wait until its port is free."""
        with only_one(self.folder / "start.lock", patience_s=self.start_timeout_s):
            record = self._process.record()
            stopped = self._process.stop(patience_s=self.stop_patience_s)
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
        state: State = "healthy"
        if not self._answers(record.port):
            # Below 0 when the clock was set back meanwhile.
            young = 0 <= time.time() - record.since < self.start_timeout_s / 4
            state = "starting" if young else "unresponsive"
        return Health(state, pid=record.pid, port=record.port, since=record.since)

    def _launch(self, python: Path, *, report: Report) -> RunningCloud:
        with bind_loopback(self._preferred_ports()) as bound:
            port = int(bound.getsockname()[1])
            report(f"Starting the local cloud ({self.name}) on {LOOPBACK}:{port}")
            _rotate(self._log_file)
            log_starts_at = self._log_file.stat().st_size if self._log_file.exists() else 0
            program = self.program(python, bound)
            self._process.launch(
                program.command,
                environment=program.environment,
                log_file=self._log_file,
                inherited=program.inherited,
            )
        running = self._await_answer(port, log_starts_at=log_starts_at)
        partial = self._port_file.with_suffix(".partial")
        partial.write_text(str(port))
        partial.replace(self._port_file)
        return running

    def _await_answer(self, port: int, *, log_starts_at: int) -> RunningCloud:
        deadline = time.monotonic() + self.start_timeout_s
        while True:
            running = self.running()
            if running is not None:
                return running
            died = not self._process.is_running()
            if died or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self._process.stop(patience_s=_UNRESPONSIVE_PATIENCE_S)
        how = "ended at once" if died else f"did not answer within {self.start_timeout_s:.0f} s"
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
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < _MIN_FREE_BYTES:
            raise UnavailableError(
                f"The disk is full: {free // 1024**2} MiB are free at {self.folder}, and the "
                f"local cloud needs {_MIN_FREE_BYTES // 1024**2} MiB.",
                next_step="Free some disk space, then run the command again.",
            )

    def _answers(self, port: int) -> bool:
        return answers(LOOPBACK, port, self.health_path)


def answers(host: str, port: int, path: str) -> bool:
    """Tell whether a web server answers a GET of `path` with status 200."""
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
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
