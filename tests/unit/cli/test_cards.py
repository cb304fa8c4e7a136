import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World
from tests.unit.report.worlds import train_twice
from training.report.about import load_about


@pytest.fixture(autouse=True)
def two_versions(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    store = train_twice("binary")
    for prefix in ("registry/", "runs/", "bundles/", "contracts/", "datasets/"):
        for info in store.list(prefix):
            world.memory.put(info.key, store.get(info.key).body)


def test_card_writes_markdown_and_one_page(loop: Loop, tmp_path: Path) -> None:
    result = loop("card")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "small-2-card"
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["card.html", "data-sheet.md", "model-card.md"]
    assert "version 2" in (folder / "model-card.md").read_text()
    assert "small-2-card/card.html" in result.stdout
    assert "questions that only a person can answer" in result.stdout


def test_card_of_another_version_goes_where_it_is_wanted(loop: Loop, tmp_path: Path) -> None:
    result = loop("card", "1", "--model", "small", "--to", "a/b", "--json")
    document = json.loads(result.stdout)
    assert document["version"] == 1
    assert (tmp_path / "a" / "b" / "card.html").exists()
    assert [Path(file).name for file in document["files"]] == [
        "model-card.md", "data-sheet.md", "card.html",
    ]  # fmt: skip


def test_a_run_can_be_named_by_its_beginning(loop: Loop) -> None:
    document = json.loads(loop("card", "--run", "run-1", "--to", "x", "--json").stdout)
    assert (document["run_id"], document["version"]) == ("run-1", 1)


def test_a_person_answers_questions_and_the_card_shows_it(
    loop: Loop, world: World, tmp_path: Path
) -> None:
    assert loop("card", "--questions", "about.toml").exit_code == 0
    path = tmp_path / "about.toml"
    text = path.read_text()
    path.write_text(text.replace('intended_uses = ""', 'intended_uses = "To keep customers."'))
    assert loop("card", "--questions", "about.toml").exit_code == 4
    assert loop("card", "--about", "about.toml", "--to", "c").exit_code == 0
    assert load_about(world.memory, "small").model.intended_uses == "To keep customers."
    assert "To keep customers." in (tmp_path / "c" / "card.html").read_text()
    assert loop("card", "--questions", "again.toml").exit_code == 0
    assert "To keep customers." in (tmp_path / "again.toml").read_text()


def test_answers_are_no_dataset(loop: Loop, world: World) -> None:
    world.memory.put("contracts/small.about.json", b"{}")
    assert "about" not in loop("data", "list", "--json").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("card", "7"), 3, "7"),
        (("card", "--run", "nothing"), 3, "nothing"),
        (("card", "--about", "absent.toml"), 3, "no file absent.toml"),
        (("card", "--about", "."), 2, "is a folder"),
    ],
)
def test_rejects_a_card_of_what_is_not_there(
    loop: Loop, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = loop(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
