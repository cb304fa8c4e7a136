"""A server that other people's clients speak to, and an environment that they run in."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.bundles import make_contract
from tests.fixtures.servers import ROOT, serve, write_bundle

LOCK = ROOT / "locks" / "clients.txt"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = write_bundle(make_contract(), tmp_path_factory.mktemp("bundle"))
    with serve(["--bundle", str(folder)]) as url:
        yield url


@pytest.fixture(scope="package")
def clients_python() -> Path:
    """The Python of an environment that holds the clients and nothing of the project."""
    name = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = ROOT / ".loop" / "clients" / name
    python = environment / "bin" / "python"
    if not (environment / "ready").exists():
        uv = Path(sys.executable).parent / "uv"
        for command in (
            [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)],
            [
                *[str(uv), "pip", "sync", "--quiet", "--require-hashes", "--python", str(python)],
                str(LOCK),
            ],
        ):
            subprocess.run(command, check=True, timeout=240)
        (environment / "ready").touch()
    return python
