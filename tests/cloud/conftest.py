from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cdk.local.cloud import RunningCloud
from cdk.local.emulators import open_cloud
from cdk.local.ports import bind_loopback
from tests.fixtures.ending import ending_with_tests

Client = Callable[[str], Any]
"""Makes a boto3 client for a service by its name."""


def use_free_port(home: Path, *, folder: str = "cloud") -> None:
    """Let the cloud of `home` take a free port, not the standard one that a person may be using."""
    with bind_loopback(()) as free:
        (home / folder).mkdir(parents=True, exist_ok=True)
        (home / folder / "port.txt").write_text(str(free.getsockname()[1]))


def client_of(cloud: RunningCloud) -> Client:
    """Return what makes boto3 clients for `cloud`."""

    def client(service: str) -> Any:  # noqa: ANN401 - a client's type depends on the service
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=cloud.endpoint_url,
            region_name=cloud.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return client


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the emulator installed; its cloud serves all tests that do not stop it."""
    home = tmp_path_factory.mktemp("home")
    use_free_port(home)
    with ending_with_tests(home):
        yield home


@pytest.fixture(scope="session")
def running(prepared_home: Path) -> RunningCloud:
    return open_cloud(prepared_home).start(report=lambda _: None)


@pytest.fixture(scope="session")
def client(running: RunningCloud) -> Client:
    return client_of(running)


@pytest.fixture
def home(running: RunningCloud, prepared_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own, with the installed emulator of `prepared_home`."""
    own = tmp_path / "home"
    own.mkdir()
    (own / "emulator").symlink_to(prepared_home / "emulator")
    use_free_port(own)
    with ending_with_tests(own):
        yield own
