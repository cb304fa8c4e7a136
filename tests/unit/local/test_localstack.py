from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cdk.local import localstack
from cdk.local.cloud import EmulatorName
from cdk.local.emulators import open_cloud
from cdk.local.localstack import ExternalLocalstack, find_python, localstack_environment
from core.errors import InvalidInputError, UnavailableError


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == localstack.HEALTH_PATH else 404)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        return


def test_uses_the_localstack_that_the_person_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv(localstack.ENDPOINT_VARIABLE, endpoint)
        cloud = open_cloud(tmp_path, emulator="localstack")
        assert cloud.start(report=lambda _: None).endpoint_url == endpoint
        assert cloud.health().state == "healthy"
        assert not cloud.stop()
        server.shutdown()


def test_says_so_when_the_persons_localstack_does_not_answer(tmp_path: Path) -> None:
    cloud = ExternalLocalstack("http://127.0.0.1:1", log_file=tmp_path)
    assert cloud.health().state == "not running"
    with pytest.raises(UnavailableError, match="No LocalStack answers") as raised:
        cloud.start(report=lambda _: None)
    assert raised.value.next_step


@pytest.mark.parametrize("endpoint", ["localhost:4566", "http://127.0.0.1", "https://x:1", "/"])
def test_rejects_an_endpoint_that_is_no_address(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(InvalidInputError):
        ExternalLocalstack(endpoint, log_file=tmp_path)


def test_says_which_python_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(localstack.PYTHON_VARIABLE, raising=False)
    monkeypatch.setattr(localstack, "find_interpreter", lambda _python: None)
    with pytest.raises(UnavailableError, match=r"LocalStack needs Python 3\.13") as raised:
        find_python()
    assert "uv python install 3.13" in raised.value.next_step


def test_takes_the_python_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(localstack.PYTHON_VARIABLE, "/opt/python3.13")
    assert find_python() == "/opt/python3.13"


def test_listens_on_loopback_with_the_server_that_respects_it(tmp_path: Path) -> None:
    settings = localstack_environment(tmp_path, port=4567)
    assert settings["GATEWAY_LISTEN"] == "127.0.0.1:4567"
    assert settings["GATEWAY_SERVER"] == "hypercorn"


@pytest.mark.parametrize(
    ("own", "advice"),
    [("", "loop down --target localstack &&"), ("http://127.0.0.1:1", "restart your LocalStack")],
)
@pytest.mark.parametrize(
    "said",
    ["UPDATE_FAILED | Alias already exists: arn:aws:lambda", "The stack x is in a failed state."],
)
def test_says_how_to_begin_anew_when_an_update_broke_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, advice: str, said: str
) -> None:
    monkeypatch.setenv(localstack.ENDPOINT_VARIABLE, own)
    explained = open_cloud(tmp_path, emulator="localstack").explain(f"cdk failed\n  {said}")
    assert explained is not None
    assert "cannot update a function behind an alias" in str(explained)
    assert explained.next_step.startswith(advice)
    assert "\n" not in str(explained)


@pytest.mark.parametrize("emulator", ["ministack", "localstack"])
def test_explains_nothing_when_a_failure_is_not_the_emulators(
    tmp_path: Path, emulator: EmulatorName
) -> None:
    assert open_cloud(tmp_path, emulator=emulator).explain("No such file") is None
