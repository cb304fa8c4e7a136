from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.unit.cli.doubles import World

Loop = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep whoever runs the tests from having their own parts deployed by them."""
    workspace = tmp_path / "workspace"
    monkeypatch.setenv("LOOP_WORKSPACE", str(workspace))
    return workspace


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "home")


@pytest.fixture
def loop(world: World, monkeypatch: pytest.MonkeyPatch) -> Loop:
    for name in ("LOOP_TARGET", "LOOP_STAGE", "NO_COLOR", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), obj=world.session(), prog_name="loop")

    return run
