"""Whole messages through a pipe, with a deadline: a length of eight bytes, then the message."""

import os
import select
import time
from typing import Final

_HEADER_BYTES: Final = 8
_PIECE_BYTES: Final = 1024**2


def send(pipe: int, message: bytes, *, deadline: float | None = None) -> None:
    """Write a message; a `deadline` (of `time.monotonic`) needs a pipe that never blocks.

    Raises
    ------
    TimeoutError, OSError
        When the other end does not read, or is closed.
    """
    left = memoryview(len(message).to_bytes(_HEADER_BYTES) + message)
    while left:
        _wait(pipe, select.POLLOUT, deadline)
        left = left[os.write(pipe, left[:_PIECE_BYTES]) :]


def receive(pipe: int, *, largest: int, deadline: float | None = None) -> bytes:
    """Read a message.

    Raises
    ------
    TimeoutError
        When it is not whole in time.
    EOFError
        When the other end was closed.
    ValueError
        When it says that it is larger than `largest` bytes.
    """
    size = int.from_bytes(_read(pipe, _HEADER_BYTES, deadline))
    if size > largest:
        raise ValueError(f"a message of {size} bytes; at most {largest} are allowed")
    return _read(pipe, size, deadline)


def _read(pipe: int, size: int, deadline: float | None) -> bytes:
    found = bytearray()
    while len(found) < size:
        _wait(pipe, select.POLLIN, deadline)
        piece = os.read(pipe, min(size - len(found), _PIECE_BYTES))
        if not piece:
            raise EOFError("the other end was closed")
        found += piece
    return bytes(found)


def _wait(pipe: int, event: int, deadline: float | None) -> None:
    if deadline is None:
        return
    poll = select.poll()
    poll.register(pipe, event)
    left_s = deadline - time.monotonic()
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise TimeoutError("the other end took too long")
