"""What runs in a function's process: calls the handler as Lambda's own Python runtime does.

Started by `cdk.local.mends.functions` with ``python -I -S``: nothing can be imported but the
standard library and what the function's package holds. Requests come as JSON lines on standard
input, answers go as JSON lines to standard output; what the function prints, by whatever way, goes
to standard error. When the requests end, so does the process: the emulator is gone.
"""

import importlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType


Handler = Callable[[object, "Context"], object]


class Context:
    """The second argument of a handler."""

    def __init__(self, request: dict[str, Any]) -> None:
        environ = os.environ
        self.aws_request_id = str(request["request_id"])
        self.invoked_function_arn = str(request["function_arn"])
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = float(request["deadline"])

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run."""
        return max(0, int((self._deadline - time.time()) * 1000))


def main() -> None:
    """Import the handler, then answer requests until they end."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    logging.basicConfig(format="[%(levelname)s]\t%(asctime)s\t%(message)s")
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests, waiting), daemon=True).start()
    try:
        handler = _load(os.environ["_HANDLER"])
    except Exception as error:  # noqa: BLE001 - whatever a module raises is the function's answer
        _send(answers, {"status": "failed", "error": _describe(error, skip=1)})
        return
    _send(answers, {"status": "ready"})
    while True:
        request = json.loads(waiting.get())
        # Without an event it asks for no more than the mark: extensions are done, too.
        answer = _answer(handler, request) if "event" in request else None
        sys.stdout.flush()
        sys.stderr.write(f"\0{request['request_id']}\n")
        sys.stderr.flush()
        if answer is not None:
            _send(answers, answer)


def _receive(requests: IO[str], waiting: "queue.SimpleQueue[str]") -> None:
    for line in requests:
        waiting.put(line)
    os.killpg(0, signal.SIGKILL)


def _load(handler: str) -> Handler:
    module_name, _, function_name = handler.rpartition(".")
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise _named("Runtime.ImportModuleError")(
            f"Unable to import module '{module_name}': {error}"
        ) from error
    try:
        found: Handler = getattr(module, function_name)
    except AttributeError as error:
        raise _named("Runtime.HandlerNotFound")(
            f"Handler '{function_name}' missing on module '{module_name}'"
        ) from error
    return found


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    if request["trace_id"]:
        os.environ["_X_AMZN_TRACE_ID"] = request["trace_id"]
    try:
        result = handler(request["event"], Context(request))
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
        return {"status": "error", "error": _describe(error, skip=1)}
    try:
        return {"status": "ok", "result": json.dumps(result, ensure_ascii=False)}
    except (TypeError, ValueError) as error:
        raised = _named("Runtime.MarshalError")(f"Unable to marshal response: {error}")
        return {"status": "error", "error": _describe(raised, skip=0)}


def _named(name: str) -> type[Exception]:
    return type(name, (Exception,), {})


def _describe(error: BaseException, *, skip: int) -> dict[str, Any]:
    place: TracebackType | None = error.__traceback__
    for _ in range(skip):
        place = place.tb_next if place else None
    name = type(error).__name__
    sys.stderr.write(f"[ERROR] {name}: {error}\n")
    sys.stderr.write("".join(traceback.format_tb(place)))
    return {
        "errorMessage": str(error),
        "errorType": name,
        "stackTrace": traceback.format_tb(place),
    }


def _send(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
