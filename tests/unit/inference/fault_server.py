"""A Firehose on loopback whose faults a test chooses: real sockets, real HTTP."""

import base64
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Fault = Literal[
    "none",
    "refuses",  # 503, nothing kept
    "forbids",  # 400, nothing kept
    "hangs",  # reads, and never answers
    "hangs_up",  # closes without reading on
    "loses_answer",  # keeps, then closes without a word
    "answers_late",  # keeps, then answers after the caller has gone
    "breaks_off",  # keeps, then closes in the middle of its answer
    "garbles",  # keeps, then answers something that is no HTTP
    "closes",  # keeps, answers, and closes the connection
    "closes_silently",  # keeps, answers, and closes the connection without saying so
    "chunks",  # keeps, answers in chunks
    "splits",  # keeps, answers byte by byte
]

_ANSWER = b'{"RecordId":"r","Encrypted":true}'
_LATE_S = 0.6


class FaultyFirehose:
    """Accepts PutRecord, as far as `next_fault` lets it."""

    def __init__(self, next_fault: Callable[[], Fault], certificate: Path | None) -> None:
        self.next_fault = next_fault
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self.records: list[bytes] = []
        self.heads: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while self._answer(connection):
                    pass

    def _answer(self, connection: socket.socket) -> bool:
        """Answer one request; return whether the connection goes on."""
        fault = self.next_fault()
        if fault == "hangs_up":
            return False
        request = _read(connection)
        if request is None:
            return False
        head, body = request
        self.heads.append(head)
        if fault in ("refuses", "forbids"):
            status = b"503 Service Unavailable" if fault == "refuses" else b"400 Bad Request"
            connection.sendall(_write(status, b'{"__type":"ServiceUnavailableException"}'))
            return True
        if fault == "hangs":
            time.sleep(_LATE_S)
            return False
        self.records.append(base64.b64decode(json.loads(body)["Record"]["Data"]))
        return _acknowledge(connection, fault)


def _acknowledge(connection: socket.socket, fault: Fault) -> bool:
    answer = _write(b"200 OK", _ANSWER)
    match fault:
        case "loses_answer":
            return False
        case "answers_late":
            time.sleep(_LATE_S)
        case "breaks_off":
            connection.sendall(answer[:30])
            return False
        case "garbles":
            answer = b"\x00\xff and no HTTP\r\n\r\n"
        case "closes":
            answer = answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        case "chunks":
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            answer = b"%b%x\r\n%b\r\n0\r\n\r\n" % (head, len(_ANSWER), _ANSWER)
        case "splits":
            for place in range(len(answer)):
                connection.sendall(answer[place : place + 1])
            return True
        case _:
            pass
    connection.sendall(answer)
    return fault not in ("closes", "closes_silently", "garbles")


def _write(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def _read(connection: socket.socket) -> tuple[bytes, bytes] | None:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    [size] = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < size:
        body += connection.recv(65536)
    return head, body


def make_certificate(folder: Path) -> Path:
    """Write a certificate of this computer's own, with its key, that nobody else vouches for."""
    path = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
               "-keyout", str(folder / "key.pem"), "-out", str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes((folder / "key.pem").read_bytes() + path.read_bytes())
    return path


@contextmanager
def serve_firehose(
    next_fault: Callable[[], Fault], *, certificate: Path | None = None
) -> Iterator[FaultyFirehose]:
    server = FaultyFirehose(next_fault, certificate)
    try:
        yield server
    finally:
        server.close()
