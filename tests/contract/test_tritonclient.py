import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.build

PROGRAM = Path(__file__).parent / "triton_program.py"
SCORES = [1 / (1 + math.exp(-score)) for score in (1.515, 1.0)]
PROBABILITIES = [pytest.approx([1 - score, score], abs=1e-6) for score in SCORES]


@pytest.fixture(scope="module")
def found(server: str, clients_python: Path) -> dict[str, Any]:
    """What the unmodified tritonclient got."""
    address = server.removeprefix("http://")
    done = subprocess.run(
        [str(clients_python), str(PROGRAM), address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_health_and_metadata_are_read(found: dict[str, Any]) -> None:
    assert (found["live"], found["ready"], found["model_ready"]) == (True, True, True)
    assert found["other_ready"] is False
    assert found["server"]["extensions"] == ["binary_tensor_data"]
    assert found["model"]["versions"] == ["1"]


@pytest.mark.parametrize("way", ["defaults", "graph", "asynchronous"])
def test_bytes_are_answered_when_the_client_is_in_its_defaults(
    found: dict[str, Any], way: str
) -> None:
    outputs = found[way]["outputs"]
    assert outputs["probabilities"] == PROBABILITIES
    assert outputs["prediction"] == ["Yes", "Yes"]
    assert outputs["warnings"] == ["", "age: is above the contract's maximum of 120"]
    assert len(set(outputs["prediction_id"])) == 2


def test_id_comes_back(found: dict[str, Any]) -> None:
    assert found["defaults"]["id"] == "7"


def test_json_is_answered_when_the_client_asks_for_it(found: dict[str, Any]) -> None:
    assert len(found["json_in"]["outputs"]["prediction"]) == 2
    assert found["json_out"]["outputs"] == {
        "probabilities": PROBABILITIES,
        "prediction": ["Yes", "Yes"],
    }


def test_refusals_are_read_by_the_client(found: dict[str, Any]) -> None:
    assert found["refused"]["status"] == "400"
    assert "row 0 of input 'age': is required" in found["refused"]["message"]
    assert found["unknown"]["status"] == "404"
    assert found["unknown_version"]["status"] == "404"
