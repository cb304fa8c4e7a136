import json
from pathlib import Path

import pytest

from core.errors import UnavailableError
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    monkeypatch.setenv("LOOP_WORKSPACE", str(folder))
    return folder


@pytest.fixture
def slug(loop: Loop) -> str:
    return str(json.loads(loop("learn", "--json").stdout)["next_slug"])


def test_learn_shows_the_stages_and_lays_the_next_exercise_out(loop: Loop, workspace: Path) -> None:
    result = loop("learn")

    assert result.exit_code == 0, result.output
    assert "Foundations" in result.stdout
    assert "loop learn check" in result.stdout
    assert workspace.is_dir()


def test_check_is_not_ready_when_nothing_runs(loop: Loop, world: World, slug: str) -> None:
    world.running = UnavailableError("Nothing is running.", next_step="make up")
    result = loop("learn", "check", slug, "--json")

    assert result.exit_code == 6
    document = json.loads(result.stdout)
    assert (document["status"], document["next_step"]) == ("not ready", "make up")


def test_hints_come_one_after_another(loop: Loop, slug: str) -> None:
    first = json.loads(loop("learn", "hint", "--json").stdout)
    second = json.loads(loop("learn", "hint", slug, "--json").stdout)

    assert (first["slug"], first["number"], second["number"]) == (slug, 1, 2)


def test_solution_is_shown_on_the_second_asking(loop: Loop, slug: str) -> None:
    assert json.loads(loop("learn", "solution", slug, "--json").stdout)["shown"] is False
    assert "def " in loop("learn", "solution", slug).stdout


def test_reset_keeps_the_old_work(loop: Loop, slug: str) -> None:
    place = Path(json.loads(loop("learn", "reset", slug, "--json").stdout)["file"])
    place.write_text("mine")
    loop("learn", "reset", slug)

    assert place.with_name(place.name + ".old").read_text() == "mine"


def test_rejects_an_unknown_exercise(loop: Loop) -> None:
    assert loop("learn", "hint", "nothing").exit_code == 3
