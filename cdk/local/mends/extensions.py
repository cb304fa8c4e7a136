"""Lambda's Extensions API for one function process: who is there, and who is done.

ministack 1.5.33 has none for functions that run without Docker, nor has LocalStack's executor of
ours. As on AWS, a call is over when the handler has answered and each extension has asked for the
next call. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import json
import threading
import uuid
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT: Final = "/2020-01-01/extension/"
_NAME: Final = "Lambda-Extension-Name"
_IDENTIFIER: Final = "Lambda-Extension-Identifier"
_EVENTS: Final = {"INVOKE"}
_MAX_BODY_BYTES: Final = 64 * 1024


class ExtensionsApi:
    """The API of one execution environment, on a port of its own on loopback.

    Parameters
    ----------
    function : mapping of str to str
        What an extension is told about the function when it registers.
    """

    def __init__(self, function: Mapping[str, str]) -> None:
        self._function = dict(function)
        self._changed = threading.Condition()
        self._events: dict[str, dict[str, Any] | None] = {}
        self._asking: set[str] = set()
        self._has_begun = False
        self._is_closed = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def has_extensions(self) -> bool:
        """Whether anybody registered."""
        return bool(self._events)

    def begin_call(self, event: dict[str, Any]) -> None:
        """Tell all extensions of a call; from the first on, nobody registers any more."""
        with self._changed:
            self._has_begun = True
            self._events = dict.fromkeys(self._events, event)
            self._asking.clear()
            self._changed.notify_all()

    def await_idle(self, timeout_s: float) -> bool:
        """Wait until every extension asks for the next call, and tell whether they do."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._is_closed or len(self._asking) == len(self._events), timeout_s
            )

    def close(self) -> None:
        """Answer nobody any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        # The server looks twice a second whether it shall stop; nobody has to wait for that.
        threading.Thread(target=self._stop, daemon=True).start()

    def _stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def register(self, name: str, content: object) -> tuple[int, dict[str, Any], str]:
        """Note an extension; return the status, the body and the identifier."""
        events = content.get("events") if isinstance(content, dict) else None
        if not name or not isinstance(events, list) or not set(events) <= _EVENTS:
            return _refuse("Extension.InvalidRequest", HTTPStatus.BAD_REQUEST)
        with self._changed:
            if self._has_begun:
                return _refuse("Extension.RegistrationClosed", HTTPStatus.FORBIDDEN)
            identifier = str(uuid.uuid4())
            self._events[identifier] = None
        return HTTPStatus.OK, self._function, identifier

    def next_event(self, identifier: str) -> tuple[int, dict[str, Any], str]:
        """Wait for the next call; return the status, the body and the identifier."""
        with self._changed:
            if identifier not in self._events:
                return _refuse("Extension.UnknownExtensionIdentifier", HTTPStatus.FORBIDDEN)
            if self._events[identifier] is None:
                self._asking.add(identifier)
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_closed or self._events[identifier] is not None)
            event, self._events[identifier] = self._events[identifier], None
        if event is None:
            return _refuse("Extension.Closed", HTTPStatus.SERVICE_UNAVAILABLE)
        return HTTPStatus.OK, event, identifier


def _refuse(kind: str, status: int) -> tuple[int, dict[str, Any], str]:
    return status, {"errorType": kind, "errorMessage": kind.partition(".")[2]}, ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: ExtensionsApi


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(size, _MAX_BODY_BYTES))
        if self.path != f"{_ROOT}register":
            self._answer(*_refuse("Extension.NotFound", HTTPStatus.NOT_FOUND))
            return
        content: object = None
        with suppress(ValueError):
            content = json.loads(body)
        self._answer(*self.server.api.register(self.headers.get(_NAME) or "", content))

    def do_GET(self) -> None:
        if self.path != f"{_ROOT}event/next":
            self._answer(*_refuse("Extension.NotFound", HTTPStatus.NOT_FOUND))
            return
        self._answer(*self.server.api.next_event(self.headers.get(_IDENTIFIER) or ""))

    def _answer(self, status: int, content: dict[str, Any], identifier: str) -> None:
        body = json.dumps(content).encode()
        # Whoever asked may be gone: its process is ended when it is not needed any more.
        with suppress(ConnectionError):
            self.send_response(status)
            if identifier:
                self.send_header(_IDENTIFIER, identifier)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: what failed is told in the function's log."""
