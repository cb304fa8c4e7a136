import json
from pathlib import Path

import pytest

from core import keys
from core.contract import Contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World

ROWS = "\n".join(
    ["customer;age;plan;place;churned"]
    + [f"c{i:03d};{20 + i % 50}.5;{'basic' if i % 3 else 'pro'};{'Zürich' if i % 2 else 'Bern'};"
       f"{'yes' if i % 4 == 0 else 'no'}" for i in range(200)]
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "My Customers.csv"
    path.write_bytes(ROWS.encode("latin-1"))
    return path


def test_contract_is_written_shown_edited_and_used(loop: Loop, world: World, file: Path) -> None:
    result = loop("data", "infer", str(file), "--target", "churned")
    assert result.exit_code == 0, result.output
    path = Path("my-customers.contract.json")
    assert "semicolons between fields" in result.stdout
    assert "latin-1" in result.stdout
    assert f"--contract {path}" in " ".join(result.stdout.split())
    document = json.loads(path.read_text())
    assert document["evidence"]["plan"] == "categorical: 2 different texts"
    assert (document["identifier"], document["file"]["encoding"]) == ("customer", "latin-1")

    document["columns"][0]["maximum"] = 100
    document["dataset"] = "edited"
    path.write_text(json.dumps(document))
    world.outcome = {"outcome": "refused", "reason": "no better"}
    added = loop("data", "add", str(file), "--contract", str(path))
    assert "target churned, features: 3, columns left out: 0" in added.stderr
    landed = Contract.from_json(world.memory.get(keys.contract("edited")).body)
    assert (landed.columns[0].name, landed.columns[0].maximum) == ("age", 100.0)


def test_every_guess_can_be_overridden(loop: Loop, file: Path) -> None:
    result = loop(
        "data", "infer", str(file), "--target", "churned", "--json", "--name", "other",
        "--positive", "no", "--task", "binary", "--delimiter", "semicolon", "--header",
        "--encoding", "windows-1252", "--unseen", "as_missing", "--out-of-range", "clip",
        "--decimal", "point", "--thousands", "comma", "--missing", "-999", "--missing", "unknown",
        "--set", "customer.kind=ignored", "--set", "age.maximum=65", "--set", "age.sensitive=no",
        "--set", "plan.categories=basic,pro,gold", "--set", "plan.nullable=yes",
        "--set", "place.kind=categorical", "--set", "place.categories=any",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    contract = Contract.from_content(json.loads(result.stdout)["contract"])
    age, plan, place = contract.columns
    assert (contract.dataset, contract.classes) == ("other", ("yes", "no"))
    assert (contract.identifier, contract.ignored) == (None, ("customer",))
    assert (age.maximum, age.sensitive) == (65.0, False)
    assert (plan.categories, plan.nullable) == (("basic", "pro", "gold"), True)
    assert (place.kind, place.categories) == ("categorical", None)
    assert contract.policies.model_dump() == {
        "unseen_category": "as_missing",
        "out_of_range": "clip",
    }
    assert contract.missing == ("-999", "unknown")
    assert contract.file.model_dump() == {
        "delimiter": ";",
        "encoding": "windows-1252",
        "header": True,
        "decimal": ".",
        "thousands": ",",
        "units": (),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "age=3"), "COLUMN.FIELD=VALUE"),
        (("--set", "age.kind=date"), "--set age.kind wants one of"),
        (("--set", "age.minimum=low"), "--set age.minimum wants a number"),
        (("--set", "age.nullable=perhaps"), "--set age.nullable wants yes or no"),
        (("--set", "plan.minimum=1"), "Column 'plan' cannot be as --set says"),
        (("--set", "colour.nullable=no"), "no column 'colour'"),
        (("--set", "churned.nullable=no"), "both target and a feature"),
        (("--task", "ranking"), "--task wants one of: binary, multiclass, regression"),
        (("--delimiter", "^"), "--delimiter wants one of: comma, semicolon, tab, bar"),
    ],
)
def test_rejects_a_wrong_statement(
    options: tuple[str, ...], said: str, loop: Loop, file: Path
) -> None:
    result = loop("data", "infer", str(file), "--target", "churned", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(file.parent.glob("*.json"))


def test_asks_for_no_header_when_the_first_row_is_data(loop: Loop, file: Path) -> None:
    file.write_text(ROWS.partition("\n")[2])
    result = loop("data", "infer", str(file), "--target", "column_5")
    assert result.exit_code == 2
    assert "seems to have no header" in result.stderr
    assert "--no-header" in result.stderr
    result = loop("data", "infer", str(file), "--target", "column_5", "--no-header")
    assert result.exit_code == 0, result.output
    assert "no header, as you said" in result.stdout


def test_rejects_writing_over_a_contract_that_may_be_edited(loop: Loop, file: Path) -> None:
    infer = ("data", "infer", str(file), "--target", "churned")
    assert loop(*infer).exit_code == 0
    assert loop(*infer).exit_code == 4
    assert loop(*infer, "--force").exit_code == 0
    assert loop(*infer, "--out", "another.json").exit_code == 0


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (None, 3, "There is no file"),
        ("{", 2, "JSON"),
        ('{"format": 1}', 2, "The data contract is wrong at"),
    ],
)
def test_rejects_a_contract_that_is_none(
    body: str | None, code: int, said: str, loop: Loop, file: Path
) -> None:
    path = Path("some.json")
    if body is not None:
        path.write_text(body)
    result = loop("data", "add", str(file), "--contract", str(path))
    assert result.exit_code == code
    assert said in result.stderr


def test_rejects_options_beside_a_contract(loop: Loop, world: World, file: Path) -> None:
    loop("data", "infer", str(file), "--target", "churned", "--out", "c.json")
    result = loop("data", "add", str(file), "--contract", "c.json", "--group", "plan")
    assert result.exit_code == 2
    assert "edit c.json" in result.stderr


@pytest.mark.parametrize(
    ("header", "what", "then"),
    [
        ("a;b;c;d;e", "has no target 'churned'", "correct the first line of the file"),
        (
            "customer;Age;plan;place;churned",
            "has no column 'age'",
            "rename 'Age' to 'age', in the file",
        ),
    ],
)
def test_file_without_a_column_of_its_contract_says_what_to_do(
    header: str, what: str, then: str, loop: Loop, world: World, file: Path
) -> None:
    loop("data", "infer", str(file), "--target", "churned", "--out", "c.json")
    file.write_text(f"{header}\n1;2;pro;Bern;yes\n")
    result = loop("data", "add", str(file), "--contract", "c.json")
    assert result.exit_code == 2
    assert what in result.stderr
    assert f"Next: {then}" in result.stderr
    assert list(world.memory.list("raw/")) == []
