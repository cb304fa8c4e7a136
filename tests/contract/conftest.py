"""A server that other people's clients speak to, and an environment that they run in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.bundles import make_contract
from tests.fixtures.clients import prepare_clients
from tests.fixtures.servers import serve, write_bundle


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = write_bundle(make_contract(), tmp_path_factory.mktemp("bundle"))
    with serve(["--bundle", str(folder)]) as url:
        yield url


@pytest.fixture(scope="package")
def clients_python() -> Path:
    return prepare_clients()
