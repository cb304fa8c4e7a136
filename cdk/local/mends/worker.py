"""One execution environment of a Python function: a process that is kept warm between calls."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from cdk.local.mends.extensions import ExtensionsApi

if TYPE_CHECKING:
    from collections.abc import Mapping

BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
MAX_RESPONSE_BYTES: Final = 6_291_556
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
MAX_LOG_LINES: Final = 50_000
_INIT_TIMEOUT_S = 120.0


class FunctionError(Exception):
    """A call that failed, as Lambda tells the caller."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(str(payload.get("errorMessage", "")))
        self.payload = dict(payload)
        self.log = ""

    @classmethod
    def of(cls, error_type: str, message: str) -> FunctionError:
        """Return the error with this type and message."""
        return cls({"errorType": error_type, "errorMessage": message})


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation."""

    event: object
    request_id: str
    function_arn: str
    trace_id: str | None
    timeout_s: float


class FunctionProcess:
    """A running function.

    Parameters
    ----------
    handler : str
        ``package.module.function`` within `code`.
    code : Path
        The unpacked package, shared by all processes of the function and not written to.
    environment : Mapping[str, str]
        The function's variables; nothing of the emulator's own environment is added.
    scratch : Path
        Folder for the process's temporary files.
    interpreter : str
        The Python that runs it; of its packages only the standard library is used.

    Raises
    ------
    FunctionError
        When the handler cannot be loaded.
    """

    def __init__(
        self,
        *,
        handler: str,
        code: Path,
        environment: Mapping[str, str],
        scratch: Path,
        interpreter: str = sys.executable,
    ) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="function-", dir=scratch))
        self._extensions = ExtensionsApi(
            {
                "functionName": environment.get("AWS_LAMBDA_FUNCTION_NAME", ""),
                "functionVersion": environment.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
                "handler": handler,
            }
        )
        variables = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": self._extensions.address,
            "HOME": str(self._scratch),
            "TMPDIR": str(self._scratch),
            "LAMBDA_TASK_ROOT": str(code),
            "_HANDLER": handler,
        }
        self.popen = subprocess.Popen(  # noqa: S603 - the function's own code, as asked for
            [interpreter, "-I", "-S", "-B", "-u", str(BOOTSTRAP)],
            cwd=code,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._pending = b""
        self._log: deque[str] = deque(maxlen=MAX_LOG_LINES)
        self._marks = threading.Semaphore(0)
        self._marks_due = 0
        self._ends_at_s = 0.0
        self._log_ended = threading.Event()
        threading.Thread(target=self._collect_log, args=(self.popen.stderr,), daemon=True).start()
        try:
            self._await_ready()
        except FunctionError as error:
            self.end()
            self._log_ended.wait(timeout=1)
            error.log = self.take_log()
            raise

    def _await_ready(self) -> None:
        ready = self._read_answer(time.monotonic() + _INIT_TIMEOUT_S)
        if ready["status"] != "ready":
            raise FunctionError(ready["error"])

    def call(self, call: Call) -> object:
        """Return what the handler returns; extensions may still be at work then, see `settle`.

        Raises
        ------
        FunctionError
            When the handler raises, takes too long, or ends its process.
        """
        deadline = self._ends_at_s = time.monotonic() + call.timeout_s
        self._extensions.await_idle(call.timeout_s)  # they start with the function
        self._extensions.begin_call(
            {
                "eventType": "INVOKE",
                "deadlineMs": int((time.time() + call.timeout_s) * 1000),
                "requestId": call.request_id,
                "invokedFunctionArn": call.function_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": call.trace_id or ""},
            }
        )
        request = {
            "event": call.event,
            "request_id": call.request_id,
            "function_arn": call.function_arn,
            "trace_id": call.trace_id,
            "deadline": time.time() + call.timeout_s,
        }
        self._send(request)
        answer = self._read_answer(deadline, timeout_s=call.timeout_s)
        if answer["status"] != "ok":
            raise FunctionError({**answer["error"], "requestId": call.request_id})
        text = str(answer["result"])
        if len(text.encode()) > MAX_RESPONSE_BYTES:
            raise FunctionError.of(
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size "
                f"({MAX_RESPONSE_BYTES} bytes).",
            )
        result: object = json.loads(text)
        return result

    def settle(self) -> None:
        """Wait until all extensions are done with the last call, at most until its time is up."""
        if not self._extensions.has_extensions or self.popen.poll() is not None:
            return
        if not self._extensions.await_idle(max(0.0, self._ends_at_s - time.monotonic())):
            self._log.append("An extension took longer than the function may take; it was ended.")
            self.end()
            return
        self._send({"request_id": "settled"})

    def take_log(self) -> str:
        """Return the lines since the last time, all of them that the last call wrote."""
        due, self._marks_due = self._marks_due, 0
        for _ in range(due):
            if self.popen.poll() is None:
                self._marks.acquire(timeout=1)
        lines = []
        with suppress(IndexError):
            while True:
                lines.append(self._log.popleft())
        return "\n".join(lines)

    def end(self) -> None:
        """End the process and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        self._extensions.close()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _send(self, request: Mapping[str, Any]) -> None:
        pipe = self.popen.stdin
        if pipe is not None:
            self._marks_due += 1
            with suppress(BrokenPipeError):  # said by the answer that does not come
                pipe.write(json.dumps(request).encode() + b"\n")
                pipe.flush()

    def _read_answer(
        self, deadline: float, *, timeout_s: float = _INIT_TIMEOUT_S
    ) -> dict[str, Any]:
        pipe = self.popen.stdout
        if pipe is None:
            raise FunctionError.of("Runtime.ExitError", "The function has no process.")
        poll = select.poll()
        poll.register(pipe, select.POLLIN | select.POLLHUP)
        parts = [self._pending]
        while b"\n" not in parts[-1]:
            left_ms = max(0.0, deadline - time.monotonic()) * 1000
            if not poll.poll(left_ms):
                self.end()
                raise FunctionError.of(
                    "Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds"
                )
            part = os.read(pipe.fileno(), 1 << 20)
            if not part:
                raise self._ended()
            parts.append(part)
        line, _, self._pending = b"".join(parts).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self) -> FunctionError:
        with suppress(subprocess.TimeoutExpired):  # its pipe closes a moment before its end
            self.popen.wait(timeout=1)
        self.end()
        code = self.popen.returncode
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return FunctionError.of("Runtime.ExitError", f"Runtime exited with error: {how}")

    def _collect_log(self, pipe: IO[bytes]) -> None:
        with pipe:
            for raw in pipe:
                text, mark, _ = raw.decode(errors="replace").rstrip("\n").partition("\0")
                if text or not mark:
                    self._log.append(text)
                if mark:
                    self._marks.release()
        self._log_ended.set()
