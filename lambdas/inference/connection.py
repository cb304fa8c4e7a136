"""One connection to the server: what it may cost is bounded, whoever is at its other end.

uvicorn with httptools takes heads of any size, and waits for the rest of a request for ever. Where
a client offers to go on in another protocol, as Java's does by default, it takes the body for that.
"""

import re
from asyncio import BaseTransport, TimerHandle
from itertools import chain
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from lambdas.inference.web import Response, TooLargeError

LIMIT_S = 25.0
"""Seconds that a request may take to come, and then its answer."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""The request line and all headers; as much as uvicorn's other parser takes."""


_OFFER = re.compile(rb"\r\nupgrade:[^\r\n]*(?=\r\n)", re.IGNORECASE)


class Connection(HttpToolsProtocol):
    """A connection that ends when a head is too large or a request does not come to its end.

    A request that comes in one piece needs no timer.
    """

    _unread = 0  # bytes since a head, or a piece of a body, was read last
    _is_whole = False
    _has_head = False  # and a body may follow
    _timer: TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin; a request must come."""
        super().connection_made(transport)  # type: ignore[arg-type]  # narrower than asyncio's
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what was going on."""
        self._stop_timer()
        # Of several requests uvicorn tells the newest only; the one before would write on.
        if self._answering is not None:
            self._answering.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and see how far that went."""
        self._unread += len(data)
        self._is_whole = False
        if b"pgrade" in data and not self._has_head:
            # The offer may be ignored (RFC 9110, section 7.8); what follows is the body then.
            end = data.find(b"\r\n\r\n")
            head = data if end < 0 else data[: end + 2]
            data = _OFFER.sub(b"", head) + data[len(head) :]
        super().data_received(data)
        if self._unread > MAX_HEAD_BYTES:
            self._refuse(431, f"A request's head may have at most {MAX_HEAD_BYTES} bytes.")
        elif not self._is_whole and self._timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        """Begin a request, which has its own time."""
        self._stop_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the answer, unless the head is too large."""
        # More than the head was counted if it came with a body, and less if it came in one piece
        # with a request before it; such a piece has 256 KiB at most.
        if self._unread > MAX_HEAD_BYTES:
            texts = chain((self.url,), chain.from_iterable(self.headers))
            self._unread = sum(map(len, texts)) + 4 * len(self.headers)  # ": " and the line's end
            if self._unread > MAX_HEAD_BYTES:
                raise TooLargeError
        self._unread = 0
        self._has_head = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait no longer: the request is all there."""
        self._stop_timer()
        self._is_whole = True
        self._has_head = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; what is too large has an answer of its own."""
        if self._unread <= MAX_HEAD_BYTES:
            super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        # An offer that was not seen, as it came in pieces. The body must not become a request.
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's type is private
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(LIMIT_S, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """Close what did not come to its end; only a request with a whole head has an answer."""
        if self.cycle is None or self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(408, "The request took too long to come.")

    def _refuse(self, status: int, message: str) -> None:
        """Answer in place of the application, unless it is in the middle of an answer; close."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            answer = Response(
                message, status, media_type="text/plain", headers={"connection": "close"}
            )
            headers = [
                *self.server_state.default_headers,
                *((name.encode(), value.encode()) for name, value in answer.headers.items()),
            ]
            lines = (b"%b: %b\r\n" % header for header in headers)
            self.transport.write(b"".join((STATUS_LINE[status], *lines, b"\r\n", answer.body)))
        self.transport.close()
