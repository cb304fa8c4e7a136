"""The checker's side of the learner's process: starts it, asks it, bounds it, ends it."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from curriculum.child.codec import pack, unpack
from curriculum.child.pipes import receive, send

MEMORY_BYTES: Final = 2 * 1024**3
ANSWER_BYTES: Final = 256 * 1024**2
PRINTED_CHARACTERS: Final = 2_000
# Starting Python and importing NumPy, pandas and scikit-learn on a busy computer.
START_S: Final = 20.0
# What Python and its libraries need, and no credentials: not even the ones in the home folder.
_PASSED_ON: Final = ("LANG", "LC_ALL", "SYSTEMROOT", "JSII_RUNTIME_PACKAGE_CACHE_ROOT")
_ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
_MARK: Final = "LOOP_CHECK"


class BrokenError(Exception):
    """The learner's code raised an error.

    Attributes
    ----------
    kind
        Name of the error's class.
    line
        Line of the learner's file; None when the error came from elsewhere.
    """

    def __init__(self, kind: str, message: str, line: int | None) -> None:
        super().__init__(message)
        self.kind = kind
        self.line = line


class EndedError(Exception):
    """The process gave no answer.

    Attributes
    ----------
    timed_out
        Whether it took too long; otherwise it ended, or sent what is no answer.
    """

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("took too long" if timed_out else "was ended")
        self.timed_out = timed_out


class Child:
    """A process for learners' code, for as many files, cases and seeds as wanted.

    It has limits on memory and on the size of files, one thread for each numerical library, no
    standard input, an empty home folder that is removed afterwards, and no environment variables
    but a few harmless ones. It is not a sandbox: the code runs as the person who started it, and
    could read their files or use the network if it tried to.

    Load a file, then call it as often as wanted::

        with Child() as child:
            child.load(Path("audit.py"), function="account_for_rows")
            child.call([[], [], []], timeout_s=5)
    """

    def __init__(self, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._running: _Running | None = None
        self._printed = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def printed(self) -> str:
        """What the code printed, its first part; complete once the child is closed."""
        return self._printed if self._running is None else self._running.printed()

    def load(
        self,
        file: Path,
        *,
        function: str | None = None,
        driver: Path | None = None,
        timeout_s: float = 0.0,
    ) -> None:
        """Load a learner's file anew; starts the process if none is there.

        Raises
        ------
        BrokenError, EndedError
        """
        if self._running is None:
            self._running = _Running(self._memory_bytes)
        request = {
            "file": str(file.resolve()),
            "function": function,
            "driver": str(driver.resolve()) if driver else None,
        }
        self._ask({"load": request}, START_S + timeout_s)

    def call(self, arguments: Sequence[Any], *, timeout_s: float) -> Any:  # noqa: ANN401
        """Call the loaded function, or its driver, and return what came back.

        Raises
        ------
        BrokenError, EndedError
            After `EndedError` the process is gone; `load` starts another one.
        """
        return self._ask({"call": list(arguments)}, timeout_s)

    def close(self) -> None:
        """End the process and everything that it started."""
        if self._running is not None:
            self._printed = self._running.end()
            self._running = None

    def _ask(self, request: dict[str, Any], timeout_s: float) -> Any:  # noqa: ANN401
        if self._running is None:
            raise EndedError(timed_out=False)
        try:
            answer = self._running.ask(pack(request), timeout_s)
        except EndedError:
            self.close()
            raise
        if "error" in answer:
            error = answer["error"]
            raise BrokenError(error["type"], error["message"], error["line"])
        return answer["value"]


class _Running:
    """One process, from its start to its end."""

    def __init__(self, memory_bytes: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loop-check-", ignore_cleanup_errors=True)
        self._mark = secrets.token_hex(16)
        theirs_in, self._requests = os.pipe()
        self._answers, theirs_out = os.pipe()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)
        self._process = self._start(theirs_in, theirs_out, memory_bytes)
        os.close(theirs_in)
        os.close(theirs_out)
        self._said = bytearray()
        self._listener = threading.Thread(target=self._listen, daemon=True, name="printed")
        self._listener.start()

    def ask(self, request: bytes, timeout_s: float) -> dict[str, Any]:
        """Send a request and wait for its answer; `EndedError` if none comes in time, or ever."""
        deadline = time.monotonic() + timeout_s
        try:
            send(self._requests, request, deadline=deadline)
            answer = unpack(receive(self._answers, largest=ANSWER_BYTES, deadline=deadline))
        except TimeoutError as error:
            raise EndedError(timed_out=True) from error
        except (EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise EndedError(timed_out=False) from error
        return dict(answer)

    def printed(self) -> str:
        text = bytes(self._said).decode(errors="replace").strip()
        return text[:PRINTED_CHARACTERS] + ("…" if len(text) > PRINTED_CHARACTERS else "")

    def end(self) -> str:
        """End the process with all that it started; return what it printed."""
        # No such group: it has ended, and left nothing behind.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        _end_strays(self._mark)
        self._process.wait()
        self._listener.join(timeout=1.0)
        os.close(self._requests)
        os.close(self._answers)
        if self._process.stdout is not None and not self._listener.is_alive():
            self._process.stdout.close()
        self._folder.cleanup()
        return self.printed()

    def _start(self, requests: int, answers: int, memory_bytes: int) -> "subprocess.Popen[bytes]":
        ends = (requests, answers)
        # -P: nothing of the folder it starts in is importable; -B: no files beside the learner's.
        command = [sys.executable, "-P", "-s", "-B", "-m", "curriculum.child", *map(str, ends)]
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*command, str(memory_bytes)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder.name,
            env=_environment(self._folder.name, self._mark),
            pass_fds=ends,
            # A group of its own, so that whatever the learner's code starts ends with it.
            start_new_session=True,
        )

    def _listen(self) -> None:
        """Keep the first part of what is printed, and let the rest go: it may be endless."""
        if self._process.stdout is None:
            return
        with suppress(OSError, ValueError):
            while said := os.read(self._process.stdout.fileno(), 65_536):
                room = 4 * PRINTED_CHARACTERS - len(self._said)
                self._said += said[: max(room, 0)]


def _environment(folder: str, mark: str) -> dict[str, str]:
    beside_python = str(Path(sys.executable).parent)
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        # Node, which CDK's Python is a face of, lies beside Python.
        "PATH": os.pathsep.join((beside_python, os.environ.get("PATH", os.defpath))),
        "HOME": folder,
        "TMPDIR": folder,
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(_find_jsii_cache()),
        "MPLBACKEND": "Agg",
        # Sets and dicts of text in the same order every time: a check repeats itself.
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        _MARK: mark,
        **dict.fromkeys(_ONE_THREAD, "1"),
        **passed_on,
    }


def _find_jsii_cache() -> Path:
    # Where CDK keeps what it unpacks: the usual place, for with a fresh one it takes seconds.
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/com.amazonaws.jsii/package-cache"
    return Path.home() / ".cache/aws/jsii/package-cache"


def _end_strays(mark: str) -> None:
    """End processes that left the group but still carry the mark (Linux shows them)."""
    wanted = f"{_MARK}={mark}".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in place.read_bytes().split(b"\0"):
                os.kill(int(place.parent.name), signal.SIGKILL)
