"""A host on loopback, in a process of its own, that calls a handler as Lambda does.

The event comes over a connection, so the processor has slept before each call, and whoever works
after the answer is waited for before the next.
"""

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cdk.local.mends.extensions import ExtensionsApi
from lambdas.inference.afterwards import Afterwards

_HEAD = struct.Struct(">?I")
_WAIT_S = 30.0


class Host:
    """The way to the other process."""

    def __init__(self, connection: socket.socket, afterwards: Afterwards) -> None:
        self._connection = connection
        self.afterwards = afterwards

    def time_calls(
        self, work: Callable[[], object], event: bytes, *, calls: int, extends: bool
    ) -> tuple[float, float]:
        """Call a handler again and again.

        Parameters
        ----------
        work : callable
            The handler, with its event.
        event : bytes
            What the host sends before each call.
        extends : bool
            Whether there is work after the answer.

        Returns
        -------
        tuple of float
            Microseconds of processor for one call: in the handler's thread until its answer, and
            of the whole process, with the way to the host and what comes after the answer.
        """
        thread_ns = 0
        began_ns = time.process_time_ns()
        for _ in range(calls):
            self._await_call(event, extends=extends)
            call_ns = time.thread_time_ns()
            work()
            if extends:
                self.afterwards.end_call()
            thread_ns += time.thread_time_ns() - call_ns
        self._await_call(b"", extends=extends)  # the last call's work belongs to it
        if extends:
            self.afterwards.end_call()
        return thread_ns / calls / 1e3, (time.process_time_ns() - began_ns) / calls / 1e3

    def _await_call(self, event: bytes, *, extends: bool) -> None:
        self._connection.sendall(_HEAD.pack(extends, len(event)) + event)
        missing = _HEAD.size + len(event)
        while missing > 0:
            missing -= len(self._connection.recv(1 << 20))


@contextmanager
def open_host() -> Iterator[Host]:
    """Start the other process, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.serving.calling"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port, address = process.stdout.readline().split()
            afterwards = Afterwards.register({**os.environ, "AWS_LAMBDA_RUNTIME_API": address})
            assert afterwards is not None
            with socket.create_connection(("127.0.0.1", int(port))) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                yield Host(connection, afterwards)
        finally:
            process.terminate()


@contextmanager
def stay_on_one_core() -> Iterator[None]:
    """Keep this process and its threads on one core: a function of 1,769 MB has no more."""
    if not hasattr(os, "sched_setaffinity"):  # not Linux
        yield
        return
    allowed = os.sched_getaffinity(0)
    _stay_on({max(allowed)})
    try:
        yield
    finally:
        _stay_on(allowed)


def _stay_on(cores: set[int]) -> None:
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def main() -> None:
    """Send events back, and wait for the extension before that where it takes part."""
    api = ExtensionsApi({"functionName": "bench"})
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]} {api.address}\n")
    sys.stdout.flush()
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while _call(connection, api):
            pass


def _call(connection: socket.socket, api: ExtensionsApi) -> bool:
    received = bytearray()
    size = _HEAD.size
    while len(received) < size:
        part = connection.recv(1 << 20)
        if not part:
            return False
        received += part
        if len(received) >= _HEAD.size:
            extends, length = _HEAD.unpack_from(received)
            size = _HEAD.size + length
    if extends:
        api.await_idle(_WAIT_S)
        api.begin_call({})
    connection.sendall(received)
    return True


if __name__ == "__main__":
    main()
