"""The client of the load: run as a process of its own, with nothing but the standard library."""

import selectors
import socket
import sys
import time
from array import array

CONNECTIONS = 8
_FEWEST = 40
_LONGEST_S = 30.0


def drive(port: int, request: bytes, *, seconds: float, most: int) -> list[float]:
    selector = selectors.DefaultSelector()
    sent_at: dict[socket.socket, float] = {}
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(request)
        sent_at[connection] = time.perf_counter()
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < most:
        passed = time.perf_counter() - began
        # A slow server gets the time for some answers, too.
        if passed >= seconds and (len(times) >= _FEWEST or passed >= _LONGEST_S):
            break
        for key, _ in selector.select(seconds):
            connection = key.fileobj  # type: ignore[assignment]
            _read_answer(connection)
            now = time.perf_counter()
            times.append((now - sent_at[connection]) * 1000)
            connection.sendall(request)
            sent_at[connection] = now
    return [time.perf_counter() - began, *times]


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"An answer was {answer[:80]!r}.")
    lower = head.lower()
    if b"content-length:" in lower:
        left = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0]) - len(body)
        while left > 0:
            left -= len(connection.recv(65536))
    else:
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)


if __name__ == "__main__":
    found = drive(
        int(sys.argv[1]),
        sys.stdin.buffer.read(),
        seconds=float(sys.argv[2]),
        most=int(sys.argv[3]),
    )
    sys.stdout.buffer.write(array("d", found).tobytes())
