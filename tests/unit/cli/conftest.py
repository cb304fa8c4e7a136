import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from core import keys
from tests.fixtures.bundles import make_champion
from tests.unit.cli.bench import Bench
from tests.unit.cli.doubles import World
from training.data.simulator import contract
from training.data.validate import validate_raw

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


@pytest.fixture
def own_environment() -> Iterator[None]:
    """Commands set this process's environment: give it back afterwards."""
    before = dict(os.environ)
    for name in ("LOOP_TARGET", "LOOP_STAGE", "AWS_PROFILE"):
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def bench(world: World, own_environment: None) -> Bench:
    return Bench(world)


@pytest.fixture
def trained(world: World) -> None:
    def run(run_id: str, raw_key: str) -> None:
        made = validate_raw(world.memory, raw_key=raw_key, contract=contract())
        body = world.memory.get(keys.dataset_data(made.dataset, made.version)).body
        champion = make_champion(world.memory, contract(), run_id=run_id)
        world.memory.put(keys.dataset_data(made.dataset, champion.dataset_version), body)

    world.on_run = run
