from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from core.errors import InvalidInputError, UnavailableError
from lambdas.inference.signing import Credentials, Signer
from lambdas.inference.stream import Stream
from lambdas.inference.wire import Wire
from tests.unit.inference.fault_server import serve_firehose

if TYPE_CHECKING:
    from obstore.store import S3Credential

HOST = "firehose.eu-west-1.amazonaws.com"
TARGET = "Firehose_20150804.PutRecord"
AT = datetime(2026, 5, 4, 23, 59, 59, tzinfo=UTC)


def sign_as_botocore_does(body: bytes, at: datetime, token: str, mp: pytest.MonkeyPatch) -> str:
    mp.setattr("botocore.auth.get_current_datetime", lambda **_: at.replace(tzinfo=None))
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Host": HOST,
        "X-Amz-Target": TARGET,
    }
    request = AWSRequest("POST", f"https://{HOST}/", headers=headers, data=body)
    SigV4Auth(BotoCredentials("AKID", "secret", token or None), "firehose", "eu-west-1").add_auth(
        request
    )
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("token", ["", "a-session-token"])
def test_signature_is_the_one_of_botocore(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer(
        service="firehose",
        region="eu-west-1",
        host=HOST,
        target=TARGET,
        credentials=Credentials("AKID", "secret", token),
    )
    first_s = int(AT.timestamp())
    for second, body in ((0, b"{}"), (0, "é".encode()), (1, b""), (86_400, b"x" * 5000)):
        at = datetime.fromtimestamp(first_s + second, UTC)
        head = signer.sign([body[:3], body[3:]], first_s + second)
        wanted = sign_as_botocore_does(body, at, token, monkeypatch)
        assert f"Authorization: {wanted}\r\n".encode() in head
        assert head.startswith(b"POST / HTTP/1.1\r\n")
        assert head.endswith(b"\r\nContent-Length: %d\r\n\r\n" % len(body))


def test_stream_is_opened_with_what_lambda_tells() -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    stream = Stream.from_environment("captures", environment)
    assert stream is not None
    with pytest.raises(UnavailableError, match="does not answer"):
        stream.send(b"{}\n")
    assert Stream.from_environment("captures", {}) is None
    with pytest.raises(InvalidInputError, match="AWS_REGION"):
        Stream.from_environment(
            "captures", environment | {"AWS_REGION": "a/b", "AWS_ENDPOINT_URL": ""}
        )


def test_credentials_that_expire_are_asked_for_again() -> None:
    now_s = AT.timestamp()
    asked: list[float] = []

    def ask() -> "S3Credential":
        asked.append(now_s)
        return {
            "access_key_id": f"AKID{len(asked)}",
            "secret_access_key": "secret",
            "token": "t",
            "expires_at": datetime.fromtimestamp(now_s + 3600, UTC),
        }

    with serve_firehose(lambda: "none") as server:
        stream = Stream(
            "captures",
            endpoint=server.url,
            region="eu-west-1",
            credentials=ask,
            now_s=lambda: now_s,
        )
        stream.send(b"{}\n")
        stream.send(b"{}\n")
        now_s += 3400
        stream.send(b"{}\n")
        stream.close()
    assert len(asked) == 2
    assert [b"AKID2" in head for head in server.heads] == [False, False, True]


def test_host_is_asked_for_credentials_after_a_snapshot() -> None:
    environment = {
        "AWS_REGION": "eu-west-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/credentials",
    }
    stream = Stream.from_environment("captures", environment)
    assert stream is not None
    with pytest.raises(UnavailableError, match="no credentials"):
        stream.send(b"{}\n")


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://a.b", "a.b"), ("http://127.0.0.1:4566", "127.0.0.1:4566"), ("https://a.b/", "a.b")],
)
def test_host_is_that_of_the_address(address: str, host: str) -> None:
    assert Wire(address, timeout_s=1.0).host == host


@pytest.mark.parametrize("address", ["ftp://a", "a.b", "http://"])
def test_rejects_address_that_is_none(address: str) -> None:
    with pytest.raises(InvalidInputError, match="http"):
        Wire(address, timeout_s=1.0)
