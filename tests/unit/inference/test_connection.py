"""The server's connections, with real sockets and callers that do not behave."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from lambdas.inference.connection import MAX_HEAD_BYTES, Connection
from lambdas.inference.web import Response

START = b"GET / HTTP/1.1\r\n"

Address = tuple[str, int]


@asynccontextmanager
async def listen(app: Any) -> AsyncIterator[Address]:  # noqa: ANN401 - an ASGI application
    """Let an application answer connections; leave when all of them are closed."""
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()
        async with asyncio.timeout(10):
            while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)


def ask(data: bytes, app: Any = None) -> bytes:  # noqa: ANN401 - an ASGI application
    """Send bytes, and return what comes until the server closes the connection."""

    async def main() -> bytes:
        async with listen(app or Response("fine")) as address:
            return await asyncio.to_thread(talk, address)

    # Not asyncio's streams: they forget an answer when the connection is reset behind it.
    def talk(address: Address) -> bytes:
        with socket.create_connection(address, timeout=10) as caller:
            with suppress(ConnectionError):
                caller.sendall(data)
            came = b""
            with suppress(ConnectionError):
                while piece := caller.recv(65536):
                    came += piece
            return came

    return uvloop.run(main())


async def read(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    while (await receive()).get("more_body", False):
        pass
    await Response("fine")(scope, receive, send)


def test_a_head_may_have_so_many_bytes_and_no_more() -> None:
    start = START + b"Connection: close\r\nX: "
    filled = MAX_HEAD_BYTES - len(start) - len(b"\r\n\r\n")
    assert ask(start + b"x" * filled + b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    refused = ask(start + b"x" * (filled + 64) + b"\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 431 ")
    assert refused.endswith(b"A request's head may have at most 65536 bytes.")
    assert refused.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "data",
    [
        START + b"".join(b"X-%d: 1\r\n" % place for place in range(20_000)) + b"\r\n",
        START + b"X: " + b"x" * 300_000,
        START + b"x" * 300_000,
        b"GET /" + b"x" * 300_000,
        b"GET /" + b"x" * 66_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: " + b"x" * 900_000,
    ],
    ids=["headers", "value", "name", "path", "whole path", "trailer"],
)
def test_no_part_of_a_head_is_without_a_limit(data: bytes) -> None:
    assert ask(data, read).startswith(b"HTTP/1.1 431 ")


def test_a_large_body_is_no_large_head() -> None:
    body = b"x" * 500_000
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    pieces = b"".join(b"1\r\nx\r\n" for _ in range(50_000)) + b"0\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces
    for data in (head + body, chunked):
        assert ask(data, read).startswith(b"HTTP/1.1 200 ")
