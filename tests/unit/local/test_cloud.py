from pathlib import Path

import pytest

from cdk.local.cloud import RunningCloud
from cdk.local.emulators import open_cloud
from cdk.local.localstack import ENDPOINT_VARIABLE
from cdk.local.ministack import check_state, emulator_environment
from core.errors import UnavailableError


def cloud() -> RunningCloud:
    return RunningCloud("http://127.0.0.1:4566", "eu-west-1", 1, Path("cloud.log"))


def test_sends_every_client_to_the_cloud() -> None:
    variables = cloud().environment()
    assert variables["AWS_ENDPOINT_URL"] == variables["AWS_ENDPOINT_URL_S3"]
    assert variables["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_the_persons_own_aws_settings_do_not_come_in_between() -> None:
    base = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "s3cret", "PATH": "/bin"}
    variables = cloud().environment_over(base)
    assert "AWS_PROFILE" not in variables
    assert "AWS_SESSION_TOKEN" not in variables
    assert variables["PATH"] == "/bin"


def test_builds_the_address_of_a_rest_api() -> None:
    address = "http://127.0.0.1:4566/restapis/abc/live/_user_request_"
    assert cloud().api_url("abc", "live") == address


@pytest.mark.parametrize("emulator", ["ministack", "localstack"])
def test_nothing_is_written_when_a_cloud_is_only_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulator: str
) -> None:
    monkeypatch.delenv(ENDPOINT_VARIABLE, raising=False)
    opened = open_cloud(tmp_path / "home", emulator=emulator)  # type: ignore[arg-type]
    assert opened.health().state == "not running"
    assert opened.running() is None
    assert opened.lacks
    assert not (tmp_path / "home").exists()


def test_the_emulator_gets_nothing_of_the_persons_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "DATABASE_PASSWORD"):
        monkeypatch.setenv(name, "s3cret")
    settings = emulator_environment(tmp_path, port=4566)
    assert "s3cret" not in settings.values()
    assert settings["BIND_HOST"] == "127.0.0.1"


@pytest.mark.parametrize("content", [b"", b'{"half": ', b"\xff\xfe"])
def test_rejects_a_state_file_that_is_not_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "good.json").write_text("{}")
    check_state(tmp_path)
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(UnavailableError, match=r"bad\.json"):
        check_state(tmp_path)
