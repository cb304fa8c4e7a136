import json
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cli.commands import explain_with
from cli.home import project_root
from cli.main import app
from curriculum.author.markdown import read_lines
from curriculum.author.mentions import ExplainCommand, lint_commands, lint_paths, split_commands
from tests.unit.cli.conftest import Loop

ROOT = project_root()
PAGES = (ROOT / "README.md", ROOT / "curriculum/README.md", *sorted((ROOT / "docs").rglob("*.md")))
SLUG = "account-for-rows"


@cache
def know() -> ExplainCommand:
    top = typer.main.get_command(app)
    assert isinstance(top, TyperGroup)
    return explain_with(top, ROOT / "Makefile")


def explain(text: str) -> list[str | None]:
    return [know()(words) for words in split_commands(text)]


@pytest.mark.parametrize(
    "text",
    [
        "loop learn",
        "loop learn check account-for-rows --seed 3",
        "loop data add customers.csv --target left --set age.kind=numeric",
        "loop models --json | jq .  # the versions",
        "loop up --target=aws && loop status",
        "loop predict … --debug",
        "loop --version",
        'make bench-training ROWS="10000" && make prove',
        "make -j TARGET",
    ],
)
def test_a_command_that_works_is_let_be(text: str) -> None:
    found = explain(text)
    assert found
    assert set(found) == {None}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("loop learn chek", "There is no 'loop learn chek'."),
        ("loop trian", "There is no 'loop trian'."),
        ("loop train --fast-as-light", "'loop train' has no option --fast-as-light."),
        ("loop learn hint SLUG 3", "'loop learn hint' takes 1 arguments, and 2 are given."),
        ("loop up now", "'loop up' takes no arguments, and 1 are given."),
        ("make everything", "There is no 'make everything'."),
    ],
)
def test_a_command_that_nobody_could_run_is_told(text: str, told: str) -> None:
    assert explain(text) == [told]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_paths_of_the_documentation_exist(page: Path) -> None:
    lines = read_lines(page.read_text(encoding="utf-8"))
    told = [
        *lint_commands(lines, know()),
        *lint_paths(lines, ROOT),
    ]
    assert told == []


def test_check_tells_what_is_to_mend(loop: Loop) -> None:
    result = loop("author", "check", SLUG, "--json")
    document = json.loads(result.stdout)
    assert document["exercises"] == 1
    assert result.exit_code == (1 if document["findings"] else 0)


def test_prove_tells_how_each_answer_stands(loop: Loop) -> None:
    result = loop("author", "prove", SLUG, "--seeds", "1", "--json")
    assert result.exit_code == 0, result.output
    (proof,) = json.loads(result.stdout)["proofs"]
    assert (proof["slug"], proof["verdict"]) == (SLUG, "proven")
    assert {answer["seeds"] for answer in proof["answers"]} == {1}


def test_prove_prints_a_table_with_times(loop: Loop) -> None:
    result = loop("author", "prove", SLUG, "--seeds", "1")
    assert "1 of 1 exercise proven, 1 seed each, in " in result.stdout
    assert "a check, s" in result.stdout


def test_prove_asks_which(loop: Loop) -> None:
    result = loop("author", "prove")
    assert result.exit_code == 2
    assert "loop author prove --all" in result.stderr


def test_rejects_an_unknown_exercise(loop: Loop) -> None:
    assert loop("author", "prove", "nothing-there").exit_code == 3


def test_coverage_says_what_is_there_and_what_is_to_come(loop: Loop) -> None:
    told = loop("author", "coverage").stdout
    assert "The ML Test Score" in told
    assert SLUG in told
    assert "to come" in told
    document = json.loads(loop("author", "coverage", "--json").stdout)
    assert len(document["ml_test_score"]["items"]) == 28


def test_new_rejects_another_mode(loop: Loop) -> None:
    result = loop("author", "new", "some-thing", "--stage", "1", "--mode", "film")
    assert result.exit_code == 2
    assert "code, written, live" in result.stderr


def test_new_rejects_a_slug_that_is_taken(loop: Loop) -> None:
    assert loop("author", "new", SLUG, "--stage", "1").exit_code == 4
