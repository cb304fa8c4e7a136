"""One connection to the server: what it may cost is bounded, whoever is at its other end.

uvicorn with httptools takes heads of any size.
"""

from itertools import chain
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from lambdas.inference.web import Response, TooLargeError

MAX_HEAD_BYTES: Final = 64 * 1024
"""The request line and all headers; as much as uvicorn's other parser takes."""


class Connection(HttpToolsProtocol):
    """A connection that ends when a head is too large."""

    _unread = 0  # bytes since a head, or a piece of a body, was read last

    def data_received(self, data: bytes) -> None:
        """Read on, and see how far that went."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > MAX_HEAD_BYTES:
            self._refuse(431, f"A request's head may have at most {MAX_HEAD_BYTES} bytes.")

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
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._unread = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; what is too large has an answer of its own."""
        if self._unread <= MAX_HEAD_BYTES:
            super().send_400_response(msg)

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
