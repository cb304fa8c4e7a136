import json
from pathlib import Path

import httpx
import pytest

from cli.rows import read_parquet
from core import keys
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World, answer_with_yes
from training.data.validate import validate_raw

ID = "0" * 32


@pytest.fixture(autouse=True)
def champion(world: World) -> None:
    contract = make_contract()
    world.memory.put(keys.contract(contract.dataset), contract.to_json())
    make_champion(world.memory, contract)


def test_predict_sends_the_given_record_with_the_key(loop: Loop, world: World) -> None:
    result = loop("predict", "--record", json.dumps(make_record()))

    assert result.exit_code == 0
    request = world.requests[0]
    assert request.url.path == "/api/live/v1/models/subscriptions/predict"
    assert request.headers["x-api-key"] == "secret-key"
    assert json.loads(request.content) == {"records": [make_record()]}
    assert "Yes" in result.stdout
    assert "0.750" in result.stdout


@pytest.mark.parametrize("wrapped", [False, True])
def test_predict_reads_records_from_a_file(
    wrapped: bool,  # noqa: FBT001 - a parameter of the test
    loop: Loop,
    world: World,
    tmp_path: Path,
) -> None:
    records = [make_record(), make_record()]
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"records": records} if wrapped else records))
    result = loop("predict", str(path), "--json")

    assert len(json.loads(result.stdout)["predictions"]) == 2
    assert json.loads(world.requests[0].content) == {"records": records}


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "line 1"), ("[]", "neither"), ("3", "neither"), ("[1]", "neither")],
)
def test_rejects_what_is_no_record(text: str, said: str, loop: Loop) -> None:
    result = loop("predict", "--record", text)

    assert result.exit_code == 2
    assert said in result.stderr


def test_rejects_a_missing_file(loop: Loop) -> None:
    assert "There is no file nowhere.json." in loop("predict", "nowhere.json").stderr


def test_broken_contract_names_place_and_rule(loop: Loop, world: World) -> None:
    problem = {
        "code": "contract",
        "message": "a record breaks the contract",
        "details": [{"place": ["records", 0, "age"], "rule": "must be a number"}],
    }
    world.respond = lambda _request: httpx.Response(422, json={"error": problem})
    result = loop("predict", "--record", "{}")

    assert result.exit_code == 2
    assert "The API answered 422: a record breaks the contract" in result.stderr
    assert "records.0.age: must be a number" in result.stderr
    assert "Next: loop predict --model subscriptions (shows a row" in result.stderr


@pytest.mark.parametrize(
    ("threshold", "told"), [(0.167, "(Yes from 0.167)"), (0.5, None), (None, None)]
)
def test_predict_says_from_where_on_an_answer_is_yes(
    threshold: float | None, told: str | None, loop: Loop, world: World
) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        answer = answer_with_yes(request).json()
        answer["predictions"][0]["decision_threshold"] = threshold
        return httpx.Response(200, json=answer)

    world.respond = respond
    shown = " ".join(loop("predict", "--record", "{}").stdout.split())
    assert "0.750" in shown
    assert ("(Yes from" in shown) == (told is not None)
    assert (told or "0.750") in shown


def test_answer_without_an_explanation_is_told_by_its_status(loop: Loop, world: World) -> None:
    world.respond = lambda _request: httpx.Response(502, text="<html>")
    result = loop("predict", "--record", "{}")

    assert result.exit_code == 6
    assert "502" in result.stderr
    assert "Next: loop logs inference" in result.stderr


def test_rejects_predicting_when_there_is_no_model(loop: Loop, world: World) -> None:
    world.store = type(world)(world.home).memory
    result = loop("predict", "--record", "{}")

    assert result.exit_code == 3
    assert "Next: loop data add subscriptions" in result.stderr


def test_feedback_sends_the_outcome(loop: Loop, world: World) -> None:
    result = loop("feedback", ID, "Yes")

    assert result.stdout == "Kept.\n"
    assert json.loads(world.requests[0].content) == {
        "feedback": [{"prediction_id": ID, "outcome": "Yes"}]
    }


def test_rejects_an_outcome_that_is_no_number_when_the_target_is_one(
    loop: Loop, world: World
) -> None:
    contract = make_contract(dataset="bills", task="regression")
    world.memory.put(keys.contract("bills"), contract.to_json())
    result = loop("feedback", ID, "lots", "--model", "bills")

    assert result.exit_code == 2
    assert world.requests == []


def test_example_record_is_a_clean_row_of_the_champions_data(loop: Loop, world: World) -> None:
    contract = make_contract()
    lines = ["customer_id,age,plan,usage,active,outcome"]
    lines += [f"c{i},{i % 90},pro,,true,{'Yes' if i % 2 else 'No'}" for i in range(100)]
    raw_key = keys.raw(contract.dataset, "a" * 64, "a.csv")
    world.memory.put(raw_key, "\n".join(lines).encode())
    made = validate_raw(world.memory, raw_key=raw_key, contract=contract)
    assert made.status == "ok"
    # The champion of the fixture names a dataset version of its own: give it these rows.
    body = world.memory.get(keys.dataset_data(contract.dataset, made.version)).body
    world.memory.put(keys.dataset_data(contract.dataset, "d" * 64), body)

    result = loop("predict")

    assert result.exit_code == 0
    record = json.loads(world.requests[0].content)["records"][0]
    assert set(record) == {"age", "plan", "usage", "active"}
    assert (record["plan"], record["usage"], record["active"]) == ("pro", None, True)
    assert "An example row" in result.stdout
    assert len(read_parquet(body)) == 100
