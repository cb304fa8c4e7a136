"""A stream on loopback, in a process of its own, that acknowledges whatever comes.

Its processor time is not the handler's; the handler's share of the connection is.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lambdas.inference.signing import Credentials
from lambdas.inference.stream import Stream

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 32\r\n\r\n"
    b'{"Encrypted":true,"RecordId":""}'
)


@contextmanager
def open_stream() -> Iterator[Stream]:
    """Start the other process, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.serving.acknowledging"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            stream = Stream(
                "captures",
                endpoint=f"http://127.0.0.1:{port}",
                region="eu-west-1",
                credentials=Credentials("key", "secret", "a token" * 100),
                timeout_s=5.0,
            )
            yield stream
            stream.close()
        finally:
            process.terminate()


def main() -> None:
    """Acknowledge the requests of one connection after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while _acknowledge(connection):
                pass


def _acknowledge(connection: socket.socket) -> bool:
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        part = connection.recv(1 << 20)
        if not part:
            return False
        received += part
    start = received.index(b"Content-Length: ") + len(b"Content-Length: ")
    missing = end + 4 + int(received[start : received.index(b"\r", start)]) - len(received)
    while missing > 0:
        missing -= len(connection.recv(1 << 20))
    connection.sendall(_ANSWER)
    return True


if __name__ == "__main__":
    main()
