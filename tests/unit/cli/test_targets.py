import fcntl
import json
import os
import time
from pathlib import Path

import pytest

from cdk.local.ports import bind_loopback
from cli.home import (
    Deployed,
    TargetName,
    choose_place,
    load_deployed,
    project_root,
    save_deployed,
    state_home,
)
from cli.session import Session
from cli.targets import aws_environment, connect, use_environment
from core.errors import InvalidInputError, UnavailableError

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.mark.parametrize(
    ("target", "command"), [("local", "make up"), ("localstack", "loop deploy --target localstack")]
)
def test_rejects_connecting_to_a_cloud_that_is_stopped(
    target: TargetName, command: str, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match="Nothing is running") as caught:
        connect(target=target, stage="dev", home=tmp_path)
    assert caught.value.next_step == command
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("age_s", "said"),
    [
        (1, "is still starting"),
        (3600, "runs and does not answer"),
        (-3600, "runs and does not answer"),  # the clock was set back
    ],
)
def test_a_cloud_that_lives_and_does_not_answer_is_not_called_stopped(
    tmp_path: Path, age_s: int, said: str
) -> None:
    record = tmp_path / "cloud" / "process.json"
    record.parent.mkdir()
    with bind_loopback(()) as silent, record.open("w+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        port = silent.getsockname()[1]
        json.dump({"pid": os.getpid(), "port": port, "since": time.time() - age_s}, lock)
        lock.flush()
        with pytest.raises(UnavailableError, match=said) as caught:
            connect(target="local", stage="dev", home=tmp_path)
    assert caught.value.next_step == "make up"


def test_aws_uses_the_persons_environment_and_no_emulator(tmp_path: Path) -> None:
    os.environ["AWS_PROFILE"] = "mine"
    os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4566"
    system = connect(target="aws", stage="prod", home=tmp_path)

    assert (system.target, system.prefix) == ("aws", "closed-loop-prod-")
    assert system.deploy_command == "loop deploy --target aws --stage prod"
    assert os.environ["AWS_PROFILE"] == "mine"
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_environment_is_exactly_the_given_one() -> None:
    os.environ["AWS_PROFILE"] = "mine"
    use_environment({"PATH": "/bin"})

    assert dict(os.environ) == {"PATH": "/bin"}


def test_home_is_chosen_by_the_environment(tmp_path: Path) -> None:
    os.environ["LOOP_HOME"] = str(tmp_path / "state")
    assert state_home() == tmp_path / "state"
    del os.environ["LOOP_HOME"]
    assert state_home() == project_root() / ".loop"


def test_rejects_a_remembered_place_that_the_environment_spoils(tmp_path: Path) -> None:
    save_deployed(tmp_path, Deployed())
    os.environ["LOOP_STAGE"] = "test"
    with pytest.raises(InvalidInputError, match="dev, prod"):
        Session(home=tmp_path).system()


def test_damaged_memory_is_nothing_known(tmp_path: Path) -> None:
    save_deployed(tmp_path, Deployed(target="aws", stage="prod"))
    assert load_deployed(tmp_path).target == "aws"
    (tmp_path / "deployed.json").write_text("{")

    assert load_deployed(tmp_path) == Deployed()


def test_aws_never_gets_the_emulators_address() -> None:
    environment = {
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
    }
    assert aws_environment(environment) == {
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
    }


@pytest.mark.parametrize("name", ["LOOP_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_is_known_to_every_library_however_it_was_set(name: str) -> None:
    environment = aws_environment({name: "eu-west-1"})

    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_rejects_the_emulators_credentials_on_aws() -> None:
    with pytest.raises(InvalidInputError, match="test value"):
        aws_environment({"AWS_ACCESS_KEY_ID": "test"})


@pytest.mark.parametrize(
    ("target", "stage", "place"),
    [
        (None, None, ("aws", "prod")),
        ("local", None, ("local", "dev")),
        (None, "dev", ("aws", "dev")),
    ],
)
def test_remembered_stage_belongs_to_its_target(
    target: str | None, stage: str | None, place: tuple[str, str]
) -> None:
    assert choose_place(target, stage, Deployed(target="aws", stage="prod")) == place


def test_environment_chooses_the_place_over_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_TARGET", "localstack")
    monkeypatch.setenv("LOOP_STAGE", "prod")
    assert choose_place(None, None, Deployed()) == ("localstack", "prod")
