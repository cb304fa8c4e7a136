"""Finding a port on the loopback interface."""

from __future__ import annotations

import errno
import socket
import time

from core.errors import UnavailableError

LOOPBACK = "127.0.0.1"
STANDARD_PORT = 4566
"""The port that tools for local AWS expect."""


def bind_loopback(preferred: tuple[int, ...]) -> socket.socket:
    """Return a socket bound to the first free port of `preferred`, or else to any free one.

    The bound socket itself is handed to the emulator, so that nobody can take the port between
    finding and using it.
    """
    for port in preferred:
        bound = _try_bind(port)
        if bound is not None:
            return bound
    bound = _try_bind(0)
    if bound is None:
        raise UnavailableError(
            f"No port is free on {LOOPBACK}.",
            next_step="Stop some of the programs that listen on this computer, then try again.",
        )
    return bound


def is_free(port: int) -> bool:
    """Tell whether `port` can be bound on the loopback interface."""
    bound = _try_bind(port)
    if bound is None:
        return False
    bound.close()
    return True


def wait_until_free(port: int, *, timeout_s: float) -> bool:
    """Wait until `port` can be bound again; return whether it can."""
    deadline = time.monotonic() + timeout_s
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _try_bind(port: int) -> socket.socket | None:
    # macOS lets a specific address be bound beside somebody's wildcard one: ask by connecting too.
    if port and _answers(port):
        return None
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError as error:
        bound.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            return None
        raise
    return bound


def _answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
