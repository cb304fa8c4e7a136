import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from lambdas.inference.web import AsgiRequest, TooLargeError


def ask(headers: Sequence[tuple[bytes, bytes]], *parts: bytes) -> AsgiRequest:
    messages = [
        {"type": "http.request", "body": part, "more_body": place < len(parts)}
        for place, part in enumerate(parts, start=1)
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    return AsgiRequest(scope, receive)


def test_one_header_is_found_as_among_all_of_them() -> None:
    found = ask([(b"content-type", b"text/csv"), (b"x-name", b"caf\xe9"), (b"x-name", b"second")])
    assert {name: found.header(name) for name in found.headers} == found.headers
    assert found.headers == {"content-type": "text/csv", "x-name": "café"}
    assert found.header("x-absent") is None


def test_a_body_is_read_whole_and_no_further_than_its_limit() -> None:
    assert asyncio.run(ask([], b"one, ", b"two").read(8)) == b"one, two"
    with pytest.raises(TooLargeError):
        asyncio.run(ask([], b"one, ", b"two").read(7))
