"""What a stranger meets: the API's borders, a data set of their own, the first exercise."""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from tests.e2e.system import LiveSystem, run_loop
from training.data.simulator import DATASET

EXERCISE = Path("1_foundations/01_account_for_rows/audit.py")
STAGES = Path(__file__).resolve().parents[2] / "curriculum" / "stages"


def test_first_prediction_carries_id_version_and_probability(system: LiveSystem) -> None:
    answer = system.first["answer"]
    prediction = answer["predictions"][0]

    assert answer["model"] == DATASET
    assert answer["model_version"] >= 1
    assert len(prediction["prediction_id"]) == 32
    assert sum(prediction["probability"].values()) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "not-a-key"}])
def test_refuses_a_caller_without_a_key(system: LiveSystem, headers: dict[str, str]) -> None:
    url = f"{system.http.base_url}v1/models"

    assert httpx.get(url, headers=headers).status_code == 403
    assert system.http.get("/v1/models").status_code == 200


def test_health_needs_no_key(system: LiveSystem) -> None:
    assert httpx.get(f"{system.http.base_url}health").json() == {"status": "ok"}


def test_names_place_and_rule_and_never_the_value_when_a_record_breaks_the_contract(
    system: LiveSystem,
) -> None:
    record = {"monthly_bill": "a-private-value"}

    answer = system.http.post(f"/v1/models/{DATASET}/predict", json={"records": [record]})

    assert answer.status_code == 422
    details = answer.json()["error"]["details"]
    assert {"place": ["records", 0, "monthly_bill"], "rule": "must be a number"} in details
    assert "a-private-value" not in answer.text


def test_second_up_changes_nothing_and_predicts_again(system: LiveSystem) -> None:
    version = system.serving_version(DATASET)

    document = system.loop("up")

    assert document["answer"]["model_version"] == version
    assert system.serving_version(DATASET) == version


def test_trains_and_serves_a_built_in_data_set_beside_the_default(system: LiveSystem) -> None:
    system.loop("data", "add", "breast-cancer")

    document = system.loop("predict", "--model", "breast-cancer")

    assert json.dumps(document).count("prediction_id") == 1
    assert system.serving_version("breast-cancer") == 1
    assert system.http.get("/v1/model").json()["model"] == DATASET


def test_serves_nothing_of_a_file_without_the_target(system: LiveSystem, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("amount,country\n1,fr\n2,de\n")

    done = run_loop(system.home, "data", "add", str(path), "--target", "returned", "--json")

    assert done.returncode == 2
    assert "returned" in json.loads(done.stdout)["error"]
    assert "Traceback" not in done.stdout + done.stderr
    assert system.http.get("/v1/models/orders").status_code == 404


def test_exercise_fails_on_the_starter_and_passes_on_the_solution(
    system: LiveSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOP_WORKSPACE", str(tmp_path / "workspace"))
    assert run_loop(system.home, "learn").returncode == 0

    starter = run_loop(system.home, "learn", "check", "account-for-rows", "--json")
    shutil.copy(
        STAGES / EXERCISE.parent / "solution" / EXERCISE.name, tmp_path / "workspace" / EXERCISE
    )
    solution = run_loop(system.home, "learn", "check", "account-for-rows", "--json")

    assert (starter.returncode, json.loads(starter.stdout)["status"]) == (1, "fail")
    assert (solution.returncode, json.loads(solution.stdout)["status"]) == (0, "pass")
