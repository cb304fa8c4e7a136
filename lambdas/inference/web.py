"""Requests and responses, as far as routes need them.

Starlette's know all of HTTP, and importing them costs a cold function as much as a third of NumPy.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class TooLargeError(Exception):
    """A body, or a head, has more bytes than may be read."""


class GoneError(Exception):
    """The caller has gone before the whole body was there."""


class Request(ABC):
    """A request.

    Attributes
    ----------
    method, path : str
    path_params : dict of str to str
        The values in the path, by their names in the route.
    """

    def __init__(self, method: str, path: str) -> None:
        self.method = method
        self.path = path
        self.path_params: Mapping[str, str] = {}

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case."""

    def header(self, name: str) -> str | None:
        """Return one header by its name in lower case."""
        return self.headers.get(name)

    @abstractmethod
    async def read(self, max_bytes: int) -> bytes:
        """Read the body, or raise `TooLargeError` or `GoneError`."""


class AsgiRequest(Request):
    """The request of an ASGI server.

    Parameters
    ----------
    scope : dict
    receive : callable
    on_read : callable, optional
        Called when the body is all there.
    """

    def __init__(
        self, scope: "Scope", receive: "Receive", on_read: Callable[[], None] | None = None
    ) -> None:
        super().__init__(scope["method"], scope["path"])
        self._scope = scope
        self._receive = receive
        self._on_read = on_read

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case; of several of a name the first."""
        found: dict[str, str] = {}
        for name, value in self._scope["headers"]:
            found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        return found

    def header(self, name: str) -> str | None:
        """Return one header by its name in lower case, without reading all of them."""
        wanted = name.encode("latin-1")
        for found, value in self._scope["headers"]:
            if found == wanted:
                text: str = value.decode("latin-1")
                return text
        return None

    async def read(self, max_bytes: int) -> bytes:
        """Read the body, or raise `TooLargeError` or `GoneError`."""
        body = bytearray()
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise GoneError
            body += message.get("body", b"")
            if len(body) > max_bytes:
                raise TooLargeError
            if not message.get("more_body", False):
                break
        if self._on_read is not None:
            self._on_read()
        return bytes(body)


class Response:
    """An answer in one piece, for Lambda, or for an ASGI server, which may call it.

    Parameters
    ----------
    body : bytes or str
    status_code : int
    media_type : str, optional
    headers : mapping of str to str, optional
        More headers, names in lower case.
    """

    __slots__ = ("body", "headers", "status_code")

    def __init__(
        self,
        body: bytes | str = b"",
        status_code: int = 200,
        *,
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status_code = status_code
        found: MutableMapping[str, str] = dict(headers) if headers else {}
        found["content-length"] = str(len(self.body))
        if media_type is not None:
            is_text = media_type.startswith("text/")
            found["content-type"] = f"{media_type}; charset=utf-8" if is_text else media_type
        self.headers = found

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:  # noqa: ARG002 - ASGI
        """Send it (ASGI)."""
        raw: list[tuple[bytes, bytes]] = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in self.headers.items()
        ]
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": raw,
        }
        await send(start)
        await send({"type": "http.response.body", "body": self.body})
