"""A connection that is kept: HTTP/1.1 requests to one server, one after the other.

As much of HTTP as it takes to learn whether a request was acknowledged. A client library does more,
and costs more processor than the rest of a prediction.
"""

import math
import socket
import time
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from core.errors import InvalidInputError

_MAX_ANSWER_BYTES = 64 * 1024
_CHUNK_BYTES = 16 * 1024
_PORTS = {"http": 80, "https": 443}
_END = b"\r\n\r\n"


class WireError(Exception):
    """There is no answer, or it is not understood; the request may have arrived all the same."""


class _StaleError(Exception):
    """The server had closed the connection before it saw the request, as far as one can tell."""


class Answer(NamedTuple):
    """What a server says, but for its body.

    Attributes
    ----------
    status : int
    head : bytes
        The status line and the headers, as they came.
    """

    status: int
    head: bytes


class Wire:
    """A connection to one server, made when it is first needed and made again when it was lost.

    It belongs to one thread at a time.

    Parameters
    ----------
    address : str
        ``http://host[:port]`` or ``https://…``.
    timeout_s : float or None
        Seconds that connecting and answering may take, each; None is no limit.
    """

    def __init__(self, address: str, *, timeout_s: float | None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise InvalidInputError("An endpoint must begin with http:// or https:// and a host.")
        self.host = parts.netloc.rpartition("@")[2]
        self._name = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._secure = parts.scheme == "https"
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """Send a whole request and return its answer.

        A kept connection may have been closed meanwhile: then it is made anew, once.

        Raises
        ------
        WireError
            If there is no answer in time.
        """
        if self._socket is not None:
            with suppress(_StaleError):
                return self._exchange(self._socket, request)
        try:
            return self._exchange(self._connect(), request)
        except _StaleError as error:
            raise WireError("The server closes the connection.") from error

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        try:
            found: socket.socket = socket.create_connection(
                (self._name, self._port), self._timeout_s
            )
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                import ssl  # noqa: PLC0415 - not needed where there is no encryption

                context = ssl.create_default_context()
                found = context.wrap_socket(found, server_hostname=self._name)
        except OSError as error:  # ssl's errors among them
            raise WireError("The server cannot be reached.") from error
        self._socket = found
        return found

    def send(self, request: bytes) -> None:
        """Send a whole request, whose answer is received later; not over an encrypted connection.

        Only the answer tells whether the request arrived. So a kept connection is looked at before.

        Raises
        ------
        WireError
            If it cannot be sent.
        """
        if self._socket is not None and not _is_open(self._socket):
            self.close()
        try:
            (self._socket or self._connect()).sendall(request)
        except OSError as error:
            self.close()
            raise WireError("The server does not read.") from error

    def receive(self) -> Answer:
        """Return the answer to what was sent.

        Raises
        ------
        WireError
            If there is none in time.
        """
        if self._socket is None:
            raise WireError("Nothing was sent.")
        try:
            return self._receive_answer(self._socket)
        except _StaleError as error:
            raise WireError("The server closes the connection.") from error

    def _exchange(self, connection: socket.socket, request: bytes) -> Answer:
        try:
            connection.sendall(request)
        except ConnectionError as error:
            self.close()
            raise _StaleError from error
        except OSError as error:
            self.close()
            raise WireError("The server does not answer.") from error
        return self._receive_answer(connection)

    def _receive_answer(self, connection: socket.socket) -> Answer:
        received = b""
        try:
            received = self._receive(connection, 0, math.inf)
            answer, is_kept = self._read(connection, received)
        except ConnectionError as error:
            self.close()
            if received:
                raise WireError("The answer breaks off.") from error
            raise _StaleError from error
        except (OSError, ValueError) as error:  # timeouts among them
            self.close()
            raise WireError("The server does not answer.") from error
        if not is_kept:
            self.close()
        return answer

    def _read(self, connection: socket.socket, received: bytes) -> tuple[Answer, bool]:
        """Read an answer to its end; return it, and whether the connection goes on."""
        ends_s = math.inf if self._timeout_s is None else time.monotonic() + self._timeout_s
        while (head_end := received.find(_END)) < 0:
            received += self._receive(connection, len(received), ends_s)
        head = received[:head_end].lower()
        version, _, rest = head.partition(b" ")
        if version != b"http/1.1":
            raise ValueError("not an answer of HTTP/1.1")
        answer = Answer(int(rest[:3]), received[:head_end])
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if not found:  # its end is told in another way: it need not be understood
            return answer, False
        missing = head_end + len(_END) + int(rest.partition(b"\r\n")[0]) - len(received)
        while missing > 0:
            missing -= len(self._receive(connection, missing, ends_s))
        return answer, missing == 0 and b"\r\nconnection: close" not in head

    @staticmethod
    def _receive(connection: socket.socket, known: int, ends_s: float) -> bytes:
        if known > _MAX_ANSWER_BYTES or time.monotonic() > ends_s:
            raise ValueError("an answer that is too long, or takes too long")
        found = connection.recv(_CHUNK_BYTES)
        if not found:
            raise ConnectionError("closed before its end")
        return found


def _is_open(connection: socket.socket) -> bool:
    """Tell whether the other side of a silent connection has not closed it."""
    try:
        connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
