import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.home import Deployed, TargetName, project_root, save_deployed, state_home
from cli.session import Session
from cli.targets import connect, use_environment
from core.errors import InvalidInputError, UnavailableError


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


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
