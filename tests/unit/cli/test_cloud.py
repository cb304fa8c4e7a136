"""``loop up`` and ``loop down``."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.unit.cli.bench import Bench
from tests.unit.cli.doubles import FakeCloud


@pytest.mark.usefixtures("trained")
def test_up_ends_with_a_prediction(bench: Bench) -> None:
    result = bench.loop("up")

    assert result.exit_code == 0, result.output
    assert "Yes (No 25.0%, Yes 75.0%)" in result.stdout
    assert "brier score 0.150" in result.stdout
    assert "best possible" in result.stdout
    assert "http://127.0.0.1:4566/api/live" in result.stdout
    assert len(list(bench.world.memory.list("raw/"))) == 1


@pytest.mark.usefixtures("trained")
def test_up_again_only_predicts(bench: Bench) -> None:
    bench.loop("up")
    document = json.loads(bench.loop("up", "--json").stdout)

    assert document["answer"]["predictions"][0]["prediction"] == "Yes"
    assert document["model"]["best_possible"].keys() == {"brier_score"}
    assert bench.toolkit.did == ["deploy"]
    assert len(bench.world.states.executions) == 1


def test_up_starts_training_by_hand_when_the_event_never_comes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.landing._EVENT_WITHIN_S", 0.0)
    bench.world.events_arrive = False
    bench.loop("up")

    assert len(bench.world.states.executions) == 1


def test_an_interrupted_up_says_to_go_on_while_its_run_is_followed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.workflow.Workflow.follow", interrupt)
    told = bench.loop("up").stderr.splitlines()[-1]
    assert told == "Interrupted. Run the same command again to go on."


def test_up_trains_again_when_the_last_run_was_interrupted(bench: Bench) -> None:
    bench.world.outcome = {"outcome": "failed", "reason": "the cloud was stopped"}
    first = bench.loop("up")
    assert first.exit_code == 1
    assert "the cloud was stopped" in first.stderr
    bench.loop("up")

    assert len(bench.world.states.executions) == 2
    assert len(list(bench.world.memory.list("raw/"))) == 1


def test_the_advice_after_a_first_training_that_failed_can_be_followed(bench: Bench) -> None:
    bench.world.outcome = {"outcome": "failed", "reason": "a fault"}
    advice = bench.loop("up").stderr.rpartition("then loop ")[2]
    bench.loop(*advice.split())

    assert len(bench.world.states.executions) == 2


def test_down_stops_the_cloud(bench: Bench) -> None:
    bench.cloud.is_running = True

    assert "its data are kept" in bench.loop("down").stdout
    assert "Nothing was running" in bench.loop("down").stdout
    assert bench.loop("down", "--quiet").output == ""
    assert json.loads(bench.loop("down", "--json").stdout) == {"stopped": False}


def test_down_stops_whatever_runs_on_this_computer(bench: Bench) -> None:
    clouds = {"ministack": FakeCloud(), "localstack": FakeCloud(is_running=True)}
    clouds["localstack"].keeps_data = False
    session = replace(bench.session(), open_cloud=lambda _home, *, emulator: clouds[emulator])
    done = CliRunner().invoke(app, ["down"], obj=session, prog_name="loop")

    assert done.exit_code == 0, done.output
    assert not clouds["localstack"].is_running
    assert "its stacks and data are gone" in done.stdout
    assert "make up" not in done.stdout


def test_rejects_stopping_aws(bench: Bench) -> None:
    assert "loop destroy" in bench.loop("down", "--target", "aws").stderr


def test_down_says_so_when_nothing_is_kept(bench: Bench) -> None:
    bench.cloud.is_running, bench.cloud.keeps_data = True, False
    told = bench.loop("down", "--target", "localstack").stdout

    assert "its stacks and data are gone" in told
    assert "loop deploy --target localstack" in told
