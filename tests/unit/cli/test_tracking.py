import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core import keys
from core.store import Bucket, open_memory
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World, copy
from tests.unit.training.worlds import land, make_contract, make_rows, to_csv
from training.judge.release import RunOutcome
from training.run import run_training


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    """A run that was promoted, and one whose file was empty."""
    store = open_memory()
    raw_key = land(store, to_csv(make_rows()), make_contract())
    run_training(store, raw_key=raw_key, run_id="aaa-first")
    empty = land(store, b"", make_contract(dataset="other"))
    run_training(store, raw_key=empty, run_id="aab-second", seed=7)
    return store


@pytest.fixture
def three_runs(world: World, bucket: Bucket) -> None:
    """Those two, and one that was cut short."""
    copy(bucket, world.memory)
    asked = {"run_id": "bbb-third", "raw_key": "raw/small/000000000000-file.csv"}
    world.memory.put("runs/bbb-third/request.json", json.dumps(asked).encode())


def listed(loop: Loop, *arguments: str) -> list[dict[str, Any]]:
    result = loop("runs", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["runs"]
    return found


@pytest.mark.usefixtures("three_runs")
def test_every_run_is_listed_the_newest_first(loop: Loop) -> None:
    found = listed(loop)
    assert [(run["run_id"], run["dataset"], run["outcome"], run["version"]) for run in found] == [
        ("bbb-third", "small", "open", None),
        ("aab-second", "other", "rejected", None),
        ("aaa-first", "small", "promoted", 1),
    ]
    assert found[1]["reason"].endswith("is empty")
    assert found[2]["metrics"]["roc_auc"] > 0.5
    assert found[2]["candidate"] in ("linear", "boosting")
    assert found[2]["seconds"] > 0


@pytest.mark.usefixtures("three_runs")
def test_runs_are_a_table_for_people(loop: Loop) -> None:
    result = loop("runs")
    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if line.startswith("aaa-firs"))
    assert "promoted" in row
    assert "roc auc" in row
    assert "One of them: loop runs bbb-thir" in result.stdout


@pytest.mark.usefixtures("three_runs")
def test_only_one_models_runs_are_listed_when_it_is_named(loop: Loop) -> None:
    assert [run["run_id"] for run in listed(loop, "--model", "small")] == ["bbb-third", "aaa-first"]
    assert [run["run_id"] for run in listed(loop, "--model", "small", "--limit", "1")] == [
        "bbb-third"
    ]


def test_says_what_to_do_when_there_is_no_run(loop: Loop) -> None:
    assert "There is no run yet. Next: loop train" in loop("runs").stdout
    assert listed(loop) == []


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("RUNNING", "running", ""),
        ("TIMED_OUT", "failed", "The workflow ended TIMED_OUT."),
    ],
)
def test_a_run_without_an_outcome_is_asked_of_the_workflow(
    loop: Loop, world: World, status: str, outcome: str, reason: str
) -> None:
    world.memory.put(
        "runs/run-1/request.json", b'{"run_id":"run-1","raw_key":"raw/small/000000000000-f.csv"}'
    )
    arn = "arn:aws:states:us-east-1:0:execution:training:run-1"
    world.states.executions[arn] = {"input": "{}", "asked": 0, "start": datetime.now(UTC)}
    world.states.still_running = 0
    world.states.ends_with = {"status": status}
    (run,) = listed(loop)
    assert (run["outcome"], run["reason"]) == (outcome, reason)


def test_a_run_that_failed_in_its_first_step_is_kept(loop: Loop, world: World) -> None:
    ended = RunOutcome(run_id="r", outcome="failed", reason="UnavailableError: no answer")
    world.memory.put(keys.run("r", "outcome.json"), ended.to_json())
    (run,) = listed(loop)
    assert (run["outcome"], run["dataset"], run["seconds"]) == ("failed", "", None)
    assert "UnavailableError: no answer" in loop("runs", "r").stdout


@pytest.mark.usefixtures("three_runs")
def test_one_run_is_shown_with_its_steps_and_candidates(loop: Loop) -> None:
    result = loop("runs", "aaa")
    assert result.exit_code == 0
    for told in ("aaa-first", "promoted", "budget tiny, prefer best, seed 0", "candidate-linear",
                 "Candidates, by cross-validation", "On the holdout: ", "made with"):  # fmt: skip
        assert told in result.stdout


@pytest.mark.usefixtures("three_runs")
def test_one_run_is_one_json_document(loop: Loop) -> None:
    document = json.loads(loop("runs", "aaa-first", "--json").stdout)
    assert document["version"] == 1
    assert [step["step"] for step in document["steps"]] == [
        "validate", "split", "candidate-baseline", "candidate-linear", "candidate-boosting",
        "evaluate", "gate", "register", "promote",
    ]  # fmt: skip
    assert {each["candidate"] for each in document["candidates"]} == {
        "baseline", "linear", "boosting",
    }  # fmt: skip
    assert document["candidates"][0]["environment"]["lock_sha256"]
    assert document["spec"]["contract"]["dataset"] == "small"
    assert document["gate"]["passed"] is True


@pytest.mark.usefixtures("three_runs")
@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("zzz", 3, "There is no run zzz."),
        ("aa", 4, "More than one run begins with aa."),
        ("aaa-first-and-more", 3, "There is no run aaa-first-and-more."),
        ("../x", 2, "A run, request or file name"),
    ],
)
def test_rejects_a_name_that_no_single_run_has(loop: Loop, text: str, code: int, told: str) -> None:
    result = loop("runs", text)
    assert result.exit_code == code
    assert told in result.stderr


def test_a_run_is_found_whose_name_begins_another_ones(loop: Loop) -> None:
    from training.report.tracking import find_run  # noqa: PLC0415

    store = open_memory()
    for name in ("run", "run-1", "run-10"):
        store.put(f"runs/{name}/request.json", b"{}")
    assert [find_run(store, name) for name in ("run", "run-1", "run-10")] == [
        "run", "run-1", "run-10",
    ]  # fmt: skip
