import json
from pathlib import Path

import pytest

from cli.datasets import BUILTIN, DEFAULT_DATASET
from cli.runs import describe_choice, describe_split
from core import keys
from core.contract import Contract
from core.registry import Registry
from tests.fixtures.bundles import make_champion
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World
from training.data.builtin import DESCRIPTIONS
from training.data.simulator import DATASET

ROWS = "\n".join(
    ["customer,age,plan,churned"]
    + [f"c{i:03d},{20 + i % 50}.5,{'basic' if i % 3 else 'pro'},{'yes' if i % 4 == 0 else 'no'}"
       for i in range(200)]
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "My Customers.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture
def trained(world: World) -> None:
    """Runs register a champion and write what the real steps write."""

    def run(run_id: str, raw_key: str) -> None:
        dataset = keys.dataset_of_raw(raw_key)
        contract = Contract.from_json(world.memory.get(keys.contract(dataset)).body)
        make_champion(world.memory, contract, run_id=run_id)
        data = {"dataset": dataset, "version": "d" * 64}
        summary = {
            "rows": 198,
            "quarantined": 2,
            "unexpected_columns": ["hobby"],
            "faults": [{"reason": "not a number", "column": "age", "rows": 2}],
        }
        world.memory.put(keys.run(run_id, "data.json"), json.dumps(data).encode())
        world.memory.put(keys.dataset_summary(dataset, "d" * 64), json.dumps(summary).encode())

    world.on_run = run


def test_built_in_names_are_those_of_training() -> None:
    assert tuple(DESCRIPTIONS) == BUILTIN
    assert DEFAULT_DATASET == DATASET


@pytest.mark.usefixtures("trained")
def test_file_lands_with_its_contract_and_is_trained_on(
    loop: Loop, world: World, file: Path
) -> None:
    result = loop("data", "add", str(file), "--target", "churned", "--name", "customers")

    assert result.exit_code == 0, result.output
    contract = Contract.from_json(world.memory.get(keys.contract("customers")).body)
    assert (contract.target, contract.identifier) == ("churned", "customer")
    landed = [info.key for info in world.memory.list("raw/")]
    assert len(landed) == 1
    assert world.memory.get(landed[0]).body == ROWS.encode()
    assert "198 clean rows, 2 quarantined" in result.stdout
    assert "not a number" in result.stdout
    assert "left out: hobby" in result.stdout
    assert "Version 1 of customers serves now." in result.stdout
    assert "fitting the candidates" in result.stderr


@pytest.mark.usefixtures("trained")
def test_outcome_is_one_json_document(loop: Loop, file: Path) -> None:
    result = loop("data", "add", str(file), "--target", "churned", "--name", "customers", "--json")

    document = json.loads(result.stdout)
    assert (document["outcome"], document["rows"], document["quarantined"]) == ("promoted", 198, 2)
    assert document["champion"] == 1


@pytest.mark.usefixtures("trained")
def test_file_that_is_there_already_is_said_so(loop: Loop, world: World, file: Path) -> None:
    add = ("data", "add", str(file), "--target", "churned", "--name", "customers")
    loop(*add)
    result = loop(*add)

    assert result.exit_code == 0
    assert "loop train --data customers" in result.stdout
    assert len(world.states.executions) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "churned"),
        (b"a,churned\n1,\0\n", "row 2"),
        (b"a,churned\n1,caf\xc3\xa9\n2,caf\xe9\n", "row 3"),
        (b"a,a,churned\n1,2,3\n", "same name"),
        (b"PK\x03\x04" + b"\0" * 50, "spreadsheet"),
        # What only the workflow's first step would have found.
        (b"a,churned\n" + b"1,no\n2,yes\n" * 20, "40 good rows"),
        (b"a,churned\n" + b"1,no\n2,yes\n" * 30 + b"1,no,3\n" * 70, "row 62, with 3"),
    ],
)
def test_rejects_a_bad_file_before_anything_is_uploaded(
    body: bytes, said: str, loop: Loop, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(body)
    result = loop("data", "add", str(path), "--target", "churned")

    assert result.exit_code == 2
    stopped = next(line for line in result.stderr.splitlines() if line.startswith("Stopped"))
    assert said in stopped
    assert list(world.memory.list("contracts/")) == []
    assert list(world.memory.list("raw/")) == []


@pytest.mark.usefixtures("trained")
def test_rejects_a_second_file_that_breaks_the_contract_before_it_lands(
    loop: Loop, world: World, file: Path
) -> None:
    add = ("data", "add", str(file), "--target", "churned", "--name", "customers")
    loop(*add)
    before = {info.key: info.etag for info in world.memory.list("")}
    file.write_text(ROWS.replace("basic", "secret").replace("pro", "other"))
    result = loop(*add)

    assert result.exit_code == 2
    assert "200 of 200 rows break the data contract" in result.stderr
    assert "unknown category in column 'plan'" in result.stderr
    assert "secret" not in result.output
    assert "--new-contract" in result.stderr
    assert {info.key: info.etag for info in world.memory.list("")} == before


def test_rejects_a_folder(loop: Loop, tmp_path: Path) -> None:
    result = loop("data", "add", str(tmp_path), "--target", "churned")

    assert result.exit_code == 2
    assert "is a folder" in result.stderr


def test_rejects_a_file_without_a_target(loop: Loop, file: Path) -> None:
    result = loop("data", "add", str(file))

    assert result.exit_code == 2
    assert "--target COLUMN" in result.stderr


def test_rejects_an_unknown_name(loop: Loop) -> None:
    result = loop("data", "add", "iris")

    assert result.exit_code == 2
    assert "breast-cancer" in result.stderr


def test_rejects_options_that_a_built_in_dataset_cannot_have(loop: Loop) -> None:
    for option in (("--name", "plonk"), ("--target", "proline")):
        result = loop("data", "add", "wine", *option)
        assert result.exit_code == 2
        assert "wine is built in, and knows by itself what it is." in result.stderr


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("refused", "The gate refused"),
        ("rejected", "were rejected"),
        ("failed", "Training on customers failed"),
    ],
)
def test_bad_outcome_is_told_with_its_reason(
    outcome: str, said: str, loop: Loop, world: World, file: Path
) -> None:
    world.outcome = {"outcome": outcome, "reason": "it was no better"}
    result = loop("data", "add", str(file), "--target", "churned", "--name", "customers")

    assert result.exit_code == 1
    assert said in result.stderr
    assert "it was no better" in result.stderr
    assert "Next: " in result.stderr


def test_bad_outcome_is_one_json_document(loop: Loop, world: World, file: Path) -> None:
    world.outcome = {"outcome": "refused", "reason": "it was no better"}
    result = loop("data", "add", str(file), "--target", "churned", "--name", "customers", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["outcome"] == "refused"


@pytest.mark.usefixtures("trained")
def test_datasets_are_listed_and_chosen(loop: Loop, world: World, file: Path) -> None:
    for name in ("customers", "others"):
        loop("data", "add", str(file), "--target", "churned", "--name", name)
    assert Registry(world.memory).default_model() == "customers"

    assert loop("data", "use", "others").exit_code == 0
    document = json.loads(loop("data", "list", "--json").stdout)
    assert [(d["dataset"], d["default"]) for d in document["datasets"]] == [
        ("customers", False),
        ("others", True),
    ]
    assert document["datasets"][0]["source"]["kind"] == "file"
    assert "others" in loop("data", "list").stdout


def test_rejects_choosing_an_unknown_dataset(loop: Loop) -> None:
    assert loop("data", "use", "nothing").exit_code == 3


def test_no_dataset_names_the_command_that_adds_one(loop: Loop) -> None:
    assert "loop data add subscriptions" in loop("data", "list").stdout


@pytest.mark.usefixtures("trained")
def test_train_takes_the_file_that_landed_last(loop: Loop, world: World, file: Path) -> None:
    loop("data", "add", str(file), "--target", "churned", "--name", "customers")
    result = loop("train", "--data", "customers", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["run_id"] == "run-2"
    inputs = [json.loads(each["input"]) for each in world.states.executions.values()]
    assert inputs[0] == inputs[1]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", ["train", "data add"])
def test_an_interrupted_command_says_that_its_run_goes_on(
    loop: Loop, file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    add = ("data", "add", str(file), "--target", "churned", "--name", "customers")
    if command == "train":
        loop(*add)
    monkeypatch.setattr("cli.workflow.Workflow.follow", interrupt)
    result = loop("train", "--data", "customers") if command == "train" else loop(*add)
    run_id = "run-2" if command == "train" else "run-1"
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == (
        f"Interrupted. The run {run_id} goes on without this command, and may promote its model."
        f" To see it: loop runs {run_id}"
    )


@pytest.mark.usefixtures("trained")
def test_train_passes_on_what_is_asked_for(loop: Loop, world: World, file: Path) -> None:
    loop("data", "add", str(file), "--target", "churned", "--name", "customers")
    options = ("--budget", "thorough", "--prefer", "simple", "--seed", "3")
    assert loop("train", "--data", "customers", *options).exit_code == 0
    given = json.loads(list(world.states.executions.values())[-1]["input"])
    assert (given["budget"], given["prefer"], given["seed"]) == ("thorough", "simple", 3)


@pytest.mark.parametrize("option", [("--budget", "huge"), ("--prefer", "worst"), ("--seed", "-1")])
def test_rejects_training_with_an_option_that_there_is_not(
    loop: Loop, option: tuple[str, str]
) -> None:
    result = loop("train", *option)
    assert result.exit_code == 2
    assert option[0] in result.stderr


def test_leaks_and_duplicates_are_told() -> None:
    data = {"leaks": [{"column": "fee", "skill": 0.98}], "set_aside_rows": 3, "overlap_rows": 2}
    leak, aside, alike = describe_split(data)
    assert "column fee alone explains 98%" in leak
    assert aside.startswith("3 rows are near-duplicates")
    assert alike.startswith("2 training rows have the values of a holdout row")
    assert describe_split({}) == []


def test_one_is_told_as_one() -> None:
    data = {"set_aside_rows": 1, "overlap_rows": 1, "rounded_numbers": {"account": 1}}
    rounded, aside, alike = describe_split(data)
    assert rounded.startswith("In the column account 1 number is rounded")
    assert aside.startswith("1 row is a near-duplicate of a holdout row")
    assert alike.startswith("1 training row has the values of a holdout row")


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (("neural", "neural", "linear"), "linear is simpler"),
        (("linear", "neural", "linear"), "neural was the best; linear"),
        (("linear", "linear", "linear"), ""),
        (("", "", ""), ""),
    ],
)
def test_the_simplest_of_equals_is_named(choice: tuple[str, str, str], said: str) -> None:
    names = ("candidate", "best", "simplest")
    assert describe_choice(dict(zip(names, choice, strict=True))).startswith(said)


def test_rejects_training_without_a_landed_file(loop: Loop) -> None:
    result = loop("train", "--data", "customers")

    assert result.exit_code == 3
    assert "no landed file" in result.stderr


def test_run_that_wrote_no_outcome_is_told_by_its_cause(
    loop: Loop, world: World, file: Path
) -> None:
    world.states.run = lambda _run_id, _raw_key: None
    world.states.ends_with = {"status": "FAILED", "cause": "out of memory"}
    result = loop("data", "add", str(file), "--target", "churned", "--name", "customers")

    assert result.exit_code == 1
    assert "ended FAILED: out of memory" in result.stderr


@pytest.mark.usefixtures("trained")
def test_later_file_is_held_to_the_first_ones_contract(
    loop: Loop, world: World, file: Path
) -> None:
    add = ("data", "add", str(file), "--target", "churned", "--name", "customers")
    loop(*add)
    before = world.memory.get(keys.contract("customers")).body
    file.write_text(ROWS.replace("pro", "premium"))

    assert loop(*add).exit_code == 0
    assert world.memory.get(keys.contract("customers")).body == before
    assert loop(*add, "--new-contract").exit_code == 0
    assert world.memory.get(keys.contract("customers")).body != before


@pytest.mark.usefixtures("trained")
def test_rejects_another_file_under_a_name_that_is_taken(
    loop: Loop, world: World, file: Path
) -> None:
    loop("data", "add", str(file), "--target", "churned", "--name", "customers")
    result = loop("data", "add", str(file), "--target", "plan", "--name", "customers")

    assert result.exit_code == 4
    assert "--name ANOTHER-NAME" in result.stderr
    assert len(list(world.memory.list("raw/"))) == 1
