import json
import os
import signal

import pytest

from core.errors import ConflictError
from core.registry import Registry
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World
from tests.unit.training.worlds import land, make_contract, make_rows, read_json, to_csv
from training import run
from training.judge import release

INTERRUPTED = 130


@pytest.fixture
def raw_key(world: World) -> str:
    return land(world.memory, to_csv(make_rows()), make_contract())


def run_id_of(world: World) -> str:
    (run_id,) = {info.key.split("/")[1] for info in world.memory.list("runs/")}
    return run_id


def champion_of(world: World) -> int | None:
    state = Registry(world.memory).alias("small")
    return state.version if state else None


def test_a_model_trained_here_serves_as_one_of_the_workflow_would(
    world: World, loop: Loop, raw_key: str
) -> None:
    done = loop("train", "--local", "--data", "small", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["outcome"], document["champion"]) == ("promoted", 1)
    assert document["raw_key"] == raw_key
    assert document["run_id"] == run_id_of(world)
    assert document["metrics"]["roc_auc"] > 0.5
    assert document["rows"] == 300
    assert champion_of(world) == 1
    assert world.states.executions == {}  # no workflow was started


def test_every_step_is_told_and_every_candidate(world: World, loop: Loop, raw_key: str) -> None:
    done = loop("train", "--local", "--data", "small")
    told = [line.partition("s  ")[2] for line in done.stderr.splitlines()]
    told = [line for line in told if not line.startswith("still at work")]
    assert told == [
        f"training on this computer, run {run_id_of(world)}",
        "checking the rows against the contract",
        "setting the holdout apart",
        "fitting the candidates: baseline",
        "fitting the candidates: linear",
        "fitting the candidates: boosting",
        "evaluating the best candidate on the holdout",
        "comparing it with the champion",
        "registering the model version",
        "making it the champion",
    ]
    assert "Version 1 of small serves now." in done.stdout


def test_what_was_asked_for_is_what_the_run_is_made_of(
    world: World, loop: Loop, raw_key: str
) -> None:
    asked = ("--budget", "tiny", "--prefer", "simple", "--seed", "7")
    assert loop("train", "--local", "--data", "small", *asked).exit_code == 0
    spec = read_json(world.memory, f"runs/{run_id_of(world)}/spec.json")
    assert (spec["budget"], spec["prefer"], spec["seed"]) == ("tiny", "simple", 7)
    assert spec["raw_key"] == raw_key


def test_a_refused_model_is_told_and_not_promoted(world: World, loop: Loop) -> None:
    contract = make_contract()
    rows = [[*row[:-1], "Yes" if place % 2 else "No"] for place, row in enumerate(make_rows())]
    land(world.memory, to_csv(rows), contract)
    done = loop("train", "--local", "--data", "small")
    assert done.exit_code == 1
    # Each broken rule once, on a line of its own.
    assert "The gate refused the new version of small: the rules above say why." in done.stderr
    assert "Gate: loss at least 0.50% below the baseline's is 0." in done.stdout
    assert "(gate.min_loss_decrease). Send more rows" in done.stdout
    assert champion_of(world) is None
    outcome = read_json(world.memory, f"runs/{run_id_of(world)}/outcome.json")
    assert outcome["outcome"] == "refused"


@pytest.mark.parametrize("step", ["split_dataset", "fit_and_export", "judge_run"])
def test_an_interrupted_run_is_recorded_and_nothing_is_registered(
    world: World, loop: Loop, raw_key: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run, step, interrupt)
    done = loop("train", "--local", "--data", "small")
    assert done.exit_code == INTERRUPTED
    outcome = read_json(world.memory, f"runs/{run_id_of(world)}/outcome.json")
    assert (outcome["outcome"], outcome["reason"]) == ("failed", "The run was interrupted.")
    told = done.stderr.splitlines()[-1]
    assert told == f"Interrupted. How the run ended: loop runs {run_id_of(world)}"
    assert Registry(world.memory).versions("small") == []


def test_an_interrupt_waits_while_a_model_is_registered_and_promoted(
    world: World, loop: Loop, raw_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_register(*args: object, **kwargs: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return release.register_run(*args, **kwargs)  # type: ignore[arg-type]

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(run, "register_run", interrupted_register)
    done = loop("train", "--local", "--data", "small")
    assert done.exit_code == INTERRUPTED
    assert champion_of(world) == 1
    outcome = read_json(world.memory, f"runs/{run_id_of(world)}/outcome.json")
    assert outcome["outcome"] == "promoted"
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_run_that_loses_a_race_is_recorded_as_failed(
    world: World, loop: Loop, raw_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object, **__: object) -> None:
        raise ConflictError("The champion was moved.", next_step="Start the run again.")

    monkeypatch.setattr(run, "promote_run", lose)
    done = loop("train", "--local", "--data", "small")
    assert done.exit_code == ConflictError.exit_code
    assert "Next: Start the run again." in done.stderr
    outcome = read_json(world.memory, f"runs/{run_id_of(world)}/outcome.json")
    assert (outcome["outcome"], outcome["reason"]) == ("failed", "The champion was moved.")


def test_a_fault_of_a_library_is_recorded_without_its_words(
    world: World, loop: Loop, raw_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("a cell's secret")

    monkeypatch.setattr(run, "fit_and_export", fail)
    assert loop("train", "--local", "--data", "small").exit_code == 1
    outcome = read_json(world.memory, f"runs/{run_id_of(world)}/outcome.json")
    assert (outcome["outcome"], outcome["reason"]) == ("failed", "ValueError")


def test_this_process_keeps_its_arithmetic_when_numpy_is_loaded_already(
    world: World, loop: Loop, raw_key: str
) -> None:
    before = dict(os.environ)
    assert loop("train", "--local", "--data", "small").exit_code == 0
    assert dict(os.environ) == before
