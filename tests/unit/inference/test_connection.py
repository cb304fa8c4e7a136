"""The server's connections, with real sockets and callers that do not behave."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from lambdas.inference import connection
from lambdas.inference.connection import MAX_HEAD_BYTES, Connection
from lambdas.inference.web import Response

START = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"

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


def ask(data: bytes | list[bytes], app: Any = None) -> bytes:  # noqa: ANN401 - an ASGI application
    """Send bytes, perhaps in pieces; return what comes until the server closes the connection."""

    async def main() -> bytes:
        async with listen(app or Response("fine")) as address:
            return await asyncio.to_thread(talk, address)

    # Not asyncio's streams: they forget an answer when the connection is reset behind it.
    def talk(address: Address) -> bytes:
        with socket.create_connection(address, timeout=10) as caller:
            with suppress(ConnectionError):
                for piece in [data] if isinstance(data, bytes) else data:
                    caller.sendall(piece)
                    time.sleep(0.05)
            came = b""
            with suppress(ConnectionError):
                while piece := caller.recv(65536):
                    came += piece
            return came

    return uvloop.run(main())


class Reading:
    """An application that reads the whole body, and tells what it was told."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = reads
        self.told: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        more = self.reads
        while more:
            message = await receive()
            self.told.append(message["type"])
            more = message.get("more_body", False)
        await Response("fine")(scope, receive, send)


@pytest.mark.parametrize("name", [b"upgrade", b"Upgrade"])
@pytest.mark.parametrize("pieces", [1, 2])
def test_an_offer_of_another_protocol_is_ignored_and_the_body_is_read(
    name: bytes, pieces: int
) -> None:
    bodies: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        message = await receive()
        while message["more_body"]:
            message = await receive()
        bodies.append(message["body"])
        await Response("fine")(scope, receive, send)

    body = b"GET /smuggled HTTP/1.1\r\nUpgrade: kept\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings, close\r\n%b: h2c\r\n" % name
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    answer = ask([head + body] if pieces == 1 else [head, body], app)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert bodies == [body]


def test_an_offer_that_comes_in_pieces_ends_the_connection() -> None:
    head = b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgra"
    rest = b"de: h2c\r\nContent-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
    assert b"smuggled" not in ask([head, rest, b"GET / HTTP/1.1\r\n\r\n"])


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
    assert ask(data, Reading()).startswith(b"HTTP/1.1 431 ")


def test_a_large_body_is_no_large_head() -> None:
    body = b"x" * 500_000
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    pieces = b"".join(b"1\r\nx\r\n" for _ in range(50_000)) + b"0\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces
    for data in (head + body, chunked):
        assert ask(data, Reading()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("data", [b"", b"\r\n", b"GET / HT", START, START + b"X: 1\r\n"])
def test_half_a_head_is_given_up(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LIMIT_S", 0.1)
    assert ask(data) == b""


@pytest.mark.parametrize("data", [b"\r\n", b"GET / HT"])
def test_half_a_head_after_an_answer_is_given_up(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LIMIT_S", 0.1)

    async def main() -> bytes:
        async with listen(Response("fine")) as address, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(START + b"\r\n")
            await reader.readuntil(b"fine")
            writer.write(data)
            rest = await reader.read()
            writer.close()
            return rest

    assert uvloop.run(main()) == b""


def test_half_a_body_is_given_up_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LIMIT_S", 0.1)
    app = Reading()
    answer = ask(POST + b"half", app)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"The request took too long to come.")
    assert app.told == ["http.request", "http.disconnect"]


async def read_until_closed(reader: asyncio.StreamReader) -> bytes:
    """Read what comes; what was written too late may have the other side reset the connection."""
    found = b""
    with suppress(ConnectionResetError):
        while some := await reader.read(65536):
            found += some
    return found


def test_a_body_that_drips_is_given_up_answered_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LIMIT_S", 0.3)

    async def main(app: Reading) -> bytes:
        async with listen(app) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(POST)
            reading = asyncio.create_task(read_until_closed(reader))
            for _ in range(90):
                if reading.done():
                    break
                writer.write(b"x")
                await asyncio.sleep(0.05)
            assert reading.done()
            writer.close()
            return await reading

    assert uvloop.run(main(Reading())).startswith(b"HTTP/1.1 408 ")
    answered = uvloop.run(main(Reading(reads=False)))
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert answered.count(b"HTTP/1.1") == 1


def test_only_what_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LIMIT_S", 0.8)
    waits_s = [1.0, 0.0, 0.0]

    async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        await asyncio.sleep(waits_s.pop(0))
        await Response("fine")(scope, receive, send)

    async def main() -> None:
        async with listen(slow) as address:
            reader, writer = await asyncio.open_connection(*address)
            # A while after the connection, in pieces, the second request behind the first's end.
            for piece in (b"", POST, b"x" * 100 + START):
                writer.write(piece)
                await asyncio.sleep(0.45)
            writer.write(b"\r\n")
            for pause_s in (0.0, 1.0, 0.0):
                assert (await reader.readuntil(b"fine")).startswith(b"HTTP/1.1 200 ")
                await asyncio.sleep(pause_s)
                if pause_s:
                    writer.write(START + b"\r\n")
            writer.close()

    uvloop.run(main())


def test_a_caller_who_reads_nothing_and_goes_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    large = Response(b"x" * (32 * 1024 * 1024))
    asked = 0

    async def main() -> None:
        second = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
            nonlocal asked
            asked += 1
            if asked == 2:
                second.set()
            await large(scope, receive, send)

        async with listen(app) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write((START + b"\r\n") * 3)
            await second.wait()
            writer.transport.abort()

    uvloop.run(main())
    assert asked == 2
    assert not caplog.records
