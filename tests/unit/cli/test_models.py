import json
import re

import pytest

from core.registry import Registry
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World


@pytest.fixture(autouse=True)
def two_versions(world: World) -> None:
    for run_id, bias in (("run-1", 0.0), ("run-2", 1.0)):
        make_champion(world.memory, make_contract(), bias=bias, run_id=run_id)


def test_models_are_listed_with_their_champion(loop: Loop) -> None:
    result = loop("models")

    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if "subscriptions" in line)
    assert re.split(r"\s{2,}", row.strip()) == [
        "subscriptions", "yes", "2", "2", "brier score 0.150", "unknown",
    ]  # fmt: skip


def test_models_are_one_json_document(loop: Loop) -> None:
    document = json.loads(loop("models", "--json").stdout)

    assert document["default_model"] == "subscriptions"
    assert document["models"][0]["champion"] == 2
    assert document["models"][0]["best_possible"] == {}


def test_versions_are_listed_newest_first_with_aliases(loop: Loop) -> None:
    versions = json.loads(loop("models", "subscriptions", "--json").stdout)["versions"]

    assert [(v["version"], v["aliases"]) for v in versions] == [(2, ["champion"]), (1, [])]
    told = loop("models", "subscriptions").stdout
    assert "champion" in told
    assert "loop card VERSION --model subscriptions" in told
    assert "loop compare VERSION VERSION --model subscriptions" in told


def test_rejects_an_unknown_model(loop: Loop) -> None:
    result = loop("models", "nothing")

    assert result.exit_code == 3
    assert "There is no model nothing." in result.stderr
    assert "Next: loop models" in result.stderr


def test_promote_moves_the_champion_with_its_reason(
    loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOP_USER", "ada")
    result = loop("promote", "1", "--reason", "the newer one is unfair")

    assert result.exit_code == 0
    state = Registry(world.memory).alias("subscriptions")
    assert state is not None
    assert (state.version, state.reason, state.changed_by) == (1, "the newer one is unfair", "ada")


def test_rejects_promoting_the_champion(loop: Loop) -> None:
    result = loop("promote", "2")

    assert result.exit_code == 2
    assert "is the champion already" in result.stderr


def test_rejects_promoting_an_unknown_version(loop: Loop) -> None:
    assert loop("promote", "9").exit_code == 3


def test_rollback_returns_to_the_version_before(loop: Loop, world: World) -> None:
    result = loop("rollback", "--json")

    assert json.loads(result.stdout)["version"] == 1
    state = Registry(world.memory).alias("subscriptions")
    assert state is not None
    assert state.version == 1


def test_rejects_rollback_when_there_was_no_champion_before(loop: Loop) -> None:
    loop("rollback")
    result = loop("rollback")

    assert result.exit_code == 3
    assert "no earlier champion" in result.stderr
