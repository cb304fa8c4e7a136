"""A detached process that can be found again, and is never confused with another one.

The process holds a lock (``flock``) on its own record file as long as it lives. The system releases
the lock when the process ends, however it ends, so neither a stale file nor a process number that
was given to somebody else can be mistaken for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from core.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """What a running process says about itself."""

    pid: int
    port: int
    since: float


class DetachedProcess:
    """One process for which `record_file` stands.

    Parameters
    ----------
    record_file : Path
        Locked and written by the process; see `announce`.
    """

    def __init__(self, record_file: Path) -> None:
        self.record_file = record_file

    def is_running(self) -> bool:
        """Tell whether a process holds the record's lock."""
        try:
            record = self.record_file.open("rb")
        except FileNotFoundError:
            return False
        with record:
            return not _try_lock(record, shared=True)

    def record(self) -> Record | None:
        """Return what the running process wrote, or None (not running, or not written yet)."""
        if not self.is_running():
            return None
        try:
            values = json.loads(self.record_file.read_bytes())
            return Record(int(values["pid"]), int(values["port"]), float(values["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def launch(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_file: Path,
        inherited: Sequence[int] = (),
    ) -> None:
        """Start `command` in a session of its own, holding the record's lock from its first moment.

        The command gets the lock's file descriptor as its last argument, passes it to `announce`
        and calls `detach`. Its output goes to `log_file`.

        Raises
        ------
        UnavailableError
            When another process holds the lock.
        """
        with self.record_file.open("ab") as record, log_file.open("ab") as log:
            if not _lock_within(record, patience_s=2):
                raise UnavailableError(
                    "The local cloud is being started or stopped by another command.",
                    next_step="Wait a few seconds and try again.",
                )
            record.truncate(0)
            subprocess.run(  # noqa: S603 - the command is this project's own
                [*command, str(record.fileno())],
                env=dict(environment),
                cwd=self.record_file.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(*inherited, record.fileno()),
                check=False,
            )

    def stop(self, *, patience_s: float) -> bool:
        """End the process: ask, wait for `patience_s` seconds, then force. False when none ran."""
        if not self.is_running():
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + patience_s
            asked = False
            while self.is_running() and time.monotonic() < deadline:
                # The record may be unwritten in the first instants of the process's life.
                record = None if asked else self.record()
                if record is not None:
                    with suppress(ProcessLookupError):
                        os.kill(record.pid, number)
                    asked = True
                time.sleep(_POLL_S)
        if self.is_running():
            raise UnavailableError(
                f"The local cloud's process did not end within {2 * patience_s:.0f} seconds.",
                next_step=f"End the process that is named in {self.record_file}, then try again.",
            )
        return True


def detach() -> None:
    """Go on in a process that nobody waits for; the calling process ends here."""
    if os.fork() > 0:
        os._exit(0)


def announce(lock: int, *, port: int) -> None:
    """Write the calling process's record through the inherited, locked file descriptor."""
    values = {"pid": os.getpid(), "port": port, "since": time.time()}
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(values).encode(), 0)


@contextmanager
def only_one(lock_file: Path, *, patience_s: float) -> Iterator[None]:
    """Hold `lock_file` for the length of a ``with`` block; wait while another command holds it."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("ab") as lock:
        if not _lock_within(lock, patience_s=patience_s):
            raise UnavailableError(
                "Another command has been starting or stopping the local cloud for "
                f"{patience_s:.0f} seconds.",
                next_step="Wait until it ends, or end it, then try again.",
            )
        yield


def _lock_within(file: IO[bytes], *, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not _try_lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _try_lock(file: IO[bytes], *, shared: bool = False) -> bool:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
