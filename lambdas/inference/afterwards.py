"""Work after the answer: the caller has it, and Lambda waits before it stops the process.

Lambda stops ("freezes") a function's process once the answer is out, in the middle of whatever
other threads do. It waits for extensions, though: for those that said at the start that they are
there, and until each of them asks for the next call. A thread of our own process may be one. So
it asks when it has done what the last call left behind.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Final, Self

from lambdas.inference.wire import Answer, Wire, WireError

NAME: Final = "closed-loop-afterwards"
"""What Lambda calls the extension in its own log lines."""

_API: Final = "AWS_LAMBDA_RUNTIME_API"
_OK: Final = 200
_IDENTIFIER: Final = b"\r\nlambda-extension-identifier:"

_log = logging.getLogger(__name__)


class Afterwards:
    """Does things after the answer, one after the other, in a thread of its own.

    Parameters
    ----------
    wire : Wire
        To where calls are asked for, without a limit of time.
    identifier : str
        Who asks, as Lambda named it.
    """

    def __init__(self, wire: Wire, identifier: str) -> None:
        self._wire = wire
        self._next_call = _write_request(
            "GET", "event/next", wire.host, f"Lambda-Extension-Identifier: {identifier}"
        )
        self._works: deque[Callable[[], None]] = deque()
        self._ended_calls: SimpleQueue[None] = SimpleQueue()
        self._is_over = False

    @classmethod
    def register(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """Tell Lambda that we are there, and begin; None where the host has no such thing.

        That is possible only while the function starts, before its first call.
        """
        host = environment.get(_API)
        if not host:
            return None
        wire = Wire(f"http://{host}", timeout_s=None)
        body = json.dumps({"events": ["INVOKE"]})
        request = _write_request(
            "POST", "register", wire.host, f"Lambda-Extension-Name: {NAME}", body=body
        )
        try:
            identifier = _read_identifier(wire.ask(request))
        except WireError as error:
            _warn("captures are sent before the answers", str(error))
            return None
        finally:
            wire.close()
        afterwards = cls(wire, identifier)
        threading.Thread(target=afterwards.run, daemon=True).start()
        return afterwards

    def do(self, work: Callable[[], None]) -> None:
        """Do something once the present call's answer is out."""
        self._works.append(work)

    def end_call(self) -> None:
        """Tell that the handler is done with a call; it must be told of each, however it ends."""
        if self._is_over:
            self._settle()
        else:
            self._ended_calls.put(None)

    def run(self) -> None:
        """Do what calls leave behind, as long as Lambda tells of calls."""
        try:
            while True:
                self._wire.send(self._next_call)
                # Not the answer, which comes when a call begins: to read it would hold that up.
                self._ended_calls.get()
                self._settle()
                status = self._wire.receive().status
                if status != _OK:
                    break
            why = f"status {status}"
        except WireError as error:
            why = str(error)
        self._wire.close()
        self._is_over = True
        self._settle()
        _warn("captures are sent before the answers from now on", why)

    def _settle(self) -> None:
        while True:
            try:
                work = self._works.popleft()
            except IndexError:
                return
            try:
                work()
            except Exception as error:  # noqa: BLE001 - without the next request, all calls hang
                # The kind alone: an error's words may hold what was asked.
                _warn("work after an answer failed", type(error).__name__)


def _write_request(method: str, path: str, host: str, header: str, *, body: str = "") -> bytes:
    return (
        f"{method} /2020-01-01/extension/{path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _read_identifier(answer: Answer) -> str:
    place = answer.head.lower().find(_IDENTIFIER)
    if answer.status != _OK or place < 0:
        raise WireError(f"The extension is not taken: status {answer.status}.")
    value = answer.head[place + len(_IDENTIFIER) :].partition(b"\r")[0]
    return value.strip().decode("ascii", "replace")


def _warn(what: str, why: str) -> None:
    _log.warning(json.dumps({"event": what, "why": why}))
