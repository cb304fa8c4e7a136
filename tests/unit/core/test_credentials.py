import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.credentials import HostCredentials
from core.errors import NotFoundError, UnavailableError
from core.store import open_bucket

ADDRESS, TOKEN = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"


class Host(ThreadingHTTPServer):
    """What Lambda runs beside a restored function, and a bucket that says who asked."""

    answer: bytes
    asked: list[str]
    signed_by: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        if self.path == "/credentials":
            self.server.asked.append(self.headers["Authorization"])
            self._answer(200, self.server.answer)
            return
        if self.path == "/garbled":
            self.wfile.write(b"no status line\r\n\r\n")
            return
        self.server.signed_by.append(self.headers["Authorization"])
        self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[Host]:
    server = Host(("127.0.0.1", 0), _Handler)
    server.asked, server.signed_by = [], []
    server.answer = json.dumps(
        {
            "AccessKeyId": "ASIARESTORED",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": (datetime.now(UTC) + timedelta(hours=6)).isoformat(),
        }
    ).encode()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address_of(host: Host) -> str:
    return f"http://127.0.0.1:{host.server_port}/credentials"


def test_a_restored_function_asks_its_host_and_proves_who_it_is(host: Host) -> None:
    found = HostCredentials.from_environment({ADDRESS: address_of(host), TOKEN: "it is me"})
    assert found is not None
    credentials = found()
    assert host.asked == ["it is me"]
    assert credentials["access_key_id"] == "ASIARESTORED"
    assert credentials["secret_access_key"] == "secret"
    assert credentials.get("token") == "token"
    expires_at = credentials["expires_at"]
    assert expires_at is not None
    assert timedelta(hours=5) < expires_at - datetime.now(UTC) <= timedelta(hours=6)


def test_a_bucket_is_asked_with_the_credentials_of_the_host(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(ADDRESS, address_of(host))
    monkeypatch.setenv(TOKEN, "it is me")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{host.server_port}")
    bucket = open_bucket("data")
    for key in ("first", "second"):
        with pytest.raises(NotFoundError):
            bucket.get(key)
    assert host.asked == ["it is me"]  # kept until it expires
    assert len(host.signed_by) == 2
    assert all("Credential=ASIARESTORED/" in each for each in host.signed_by)


@pytest.mark.parametrize(
    "environment",
    [{}, {ADDRESS: "http://127.0.0.1:9001/credentials", "AWS_ACCESS_KEY_ID": "AKIA"}],
)
def test_asks_nobody_where_the_environment_holds_keys_or_no_address(
    environment: dict[str, str],
) -> None:
    assert HostCredentials.from_environment(environment) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/credentials",
        "https://127.0.0.1/credentials",
        "http://10.0.0.1/credentials",
        "file:///etc/passwd",
        "nonsense",
    ],
)
def test_rejects_an_address_that_is_not_this_hosts(address: str) -> None:
    with pytest.raises(UnavailableError, match="not this host's"):
        HostCredentials(address, "it is me")


@pytest.mark.parametrize(
    "address", ["http://169.254.170.2/v2", "http://[::1]:80/", "http://localhost:9001/"]
)
def test_takes_the_addresses_that_a_host_has(address: str) -> None:
    assert HostCredentials(address, "it is me")


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"no", b'{"AccessKeyId": "A", "SecretAccessKey": "B"}']
)
def test_rejects_an_answer_that_cannot_be_read_and_tells_nothing_of_it(
    host: Host, answer: bytes
) -> None:
    host.answer = answer
    with pytest.raises(UnavailableError, match="gave no credentials") as told:
        HostCredentials(address_of(host), "it is me")()
    assert "AccessKeyId" not in str(told.value)


def test_rejects_a_host_that_does_not_answer() -> None:
    with pytest.raises(UnavailableError, match="gave no credentials"):
        HostCredentials("http://127.0.0.1:1/credentials", "it is me")()


def test_rejects_a_host_that_does_not_speak_http(host: Host) -> None:
    with pytest.raises(UnavailableError, match="gave no credentials"):
        HostCredentials(f"http://127.0.0.1:{host.server_port}/garbled", "it is me")()
