import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdk.local.mends.disk import MIN_FREE_BYTES, DiskGuard
from cdk.local.mends.functions import digest_of, function_environment
from cdk.local.mends.state import StateSaver, mend_package_names

CONFIG = {
    "FunctionName": "f",
    "FunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:f:live",
    "Runtime": "python3.12",
    "Environment": {"Variables": {"BUCKET": "b", "AWS_REGION": "ignored"}},
}


async def app(_scope: Mapping[str, Any], _receive: object, send: Any) -> None:  # noqa: ANN401
    await send({"type": "http.response.start", "status": 200, "headers": []})


def status_of(
    guard: DiskGuard, method: str, content_type: bytes = b"", *, service: bytes = b"lambda"
) -> tuple[int, bytes]:
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    signed = b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/" + service + b"/aws4_request"
    headers = [(b"content-type", content_type), (b"authorization", signed)]
    scope = {"type": "http", "method": method, "headers": headers}
    asyncio.run(_call(guard, scope, receive, send))
    return sent[0]["status"], sent[-1].get("body", b"")


async def _call(guard: DiskGuard, *arguments: Any) -> None:  # noqa: ANN401
    await guard.guard(app)(*arguments)


@pytest.mark.parametrize(("method", "status"), [("PUT", 507), ("GET", 200), ("DELETE", 200)])
def test_refuses_objects_and_nothing_else_when_the_disk_is_full(method: str, status: int) -> None:
    guard = DiskGuard(lambda: MIN_FREE_BYTES - 1)
    guard.check()
    assert status_of(guard, method)[0] == status


def test_says_that_the_disk_is_full_in_the_form_of_the_request() -> None:
    guard = DiskGuard(lambda: 0)
    guard.check()
    assert b"<Code>InsufficientStorage</Code>" in status_of(guard, "PUT")[1]
    body = status_of(guard, "PUT", b"application/json")[1]
    assert json.loads(body)["__type"] == "InsufficientStorage"
    # A template is an object that is JSON; who stores it reads XML.
    body = status_of(guard, "PUT", b"application/json", service=b"s3")[1]
    assert b"<Code>InsufficientStorage</Code>" in body


def test_takes_objects_again_when_there_is_room() -> None:
    free = iter([0, MIN_FREE_BYTES])
    guard = DiskGuard(lambda: next(free))
    guard.check()
    guard.check()
    assert status_of(guard, "PUT")[0] == 200


def test_a_functions_own_variables_cannot_replace_the_reserved_ones() -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "k", "AWS_SESSION_TOKEN": ""}
    variables = function_environment(CONFIG, port="4566", credentials=credentials)
    assert variables["AWS_REGION"] == "eu-west-1"
    assert variables["BUCKET"] == "b"
    assert variables["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:4566"
    assert "AWS_SESSION_TOKEN" not in variables


def test_a_package_is_named_by_its_content_when_the_configuration_does_not_say() -> None:
    assert digest_of({}, b"zip") == digest_of({"CodeSha256": "not base64!"}, b"zip")
    assert digest_of({"CodeSha256": "AAEC"}, b"zip") == "000102"


class Service:
    def __init__(self, state: dict[str, int]) -> None:
        self.state = state
        self.interruptions = 0

    def get_state(self) -> dict[str, int]:
        if self.interruptions:
            self.interruptions -= 1
            raise RuntimeError("dictionary changed size during iteration")
        return self.state


@pytest.fixture
def service() -> Service:
    return Service({"a": 1})


@pytest.fixture
def saver(service: Service, tmp_path: Path) -> StateSaver:
    persistence: Any = SimpleNamespace(
        STATE_DIR=str(tmp_path), _state_format_version=lambda _name: 3, _json_default=str
    )
    return StateSaver(lambda: {"s3": service.get_state}, persistence)


def saved(folder: Path) -> dict[str, Any]:
    text: dict[str, Any] = json.loads((folder / "s3.json").read_text())
    return text


def test_saves_in_the_emulators_format(saver: StateSaver, tmp_path: Path) -> None:
    saver.save()
    assert saved(tmp_path) == {"__ministack_format__": 3, "payload": {"a": 1}}


def test_writes_only_what_changed(saver: StateSaver, service: Service, tmp_path: Path) -> None:
    saver.save()
    (tmp_path / "s3.json").unlink()
    saver.save()
    assert not (tmp_path / "s3.json").exists()
    service.state = {"a": 2}
    saver.save()
    assert saved(tmp_path)["payload"] == {"a": 2}


def test_takes_the_state_again_when_it_changed_meanwhile(
    saver: StateSaver, service: Service, tmp_path: Path
) -> None:
    service.interruptions = 2
    saver.save()
    assert saved(tmp_path)["payload"] == {"a": 1}


def test_does_nothing_until_something_changed(saver: StateSaver, tmp_path: Path) -> None:
    saver.save_when_due()
    assert not list(tmp_path.iterdir())


def test_waits_a_moment_after_a_change_then_saves(
    saver: StateSaver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("cdk.local.mends.state.time.monotonic", lambda: now)
    saver.mark()
    saver.save_when_due()
    assert not list(tmp_path.iterdir())
    now = 103.0
    saver.save_when_due()
    assert saved(tmp_path)["payload"] == {"a": 1}


def test_a_state_that_cannot_be_written_is_tried_again(
    saver: StateSaver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s3.partial").mkdir()
    saver.save()
    (tmp_path / "s3.partial").rmdir()
    later = 1e12
    monkeypatch.setattr("cdk.local.mends.state.time.monotonic", lambda: later)
    saver.save_when_due()
    assert saved(tmp_path)["payload"] == {"a": 1}


def test_hashes_each_package_once() -> None:
    written: list[bytes] = []

    def write(code: bytes) -> str:
        written.append(code)
        return str(len(code))

    service: Any = SimpleNamespace(
        _write_code_blob=write,
        _prune_orphan_code_blobs=lambda _referenced: None,
    )
    mend_package_names(service)
    code = b"package"
    assert [service._write_code_blob(code) for _ in range(3)] == ["7"] * 3
    assert written == [code]
    service._prune_orphan_code_blobs(set())
    service._write_code_blob(code)
    assert written == [code, code]
