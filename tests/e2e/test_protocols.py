"""Other people's protocols through the HTTP API: the same answers, and the same refusals."""

import json
import os
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import events, keys
from tests.e2e.system import COMMAND, LiveSystem, wait_for
from tests.fixtures.clients import prepare_clients
from tests.fixtures.corpus import CORPUS, Bad, find_fault
from training.data.simulator import DATASET

PROGRAM = Path(__file__).parents[1] / "contract" / "triton_once.py"
BYTES = "application/octet-stream"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@pytest.fixture(scope="module")
def record(system: LiveSystem) -> dict[str, Any]:
    page = system.http.get("/openapi.json").json()
    assert page["security"] == [{"x-api-key": []}]
    [example] = page["components"]["schemas"]["Record"]["examples"]
    found: dict[str, Any] = example
    return found


@pytest.fixture(scope="module")
def probabilities(system: LiveSystem, record: dict[str, Any]) -> list[float]:
    [prediction] = system.predict(DATASET, [record])
    return list(prediction["probability"].values())


def test_mlflow_protocol_answers_alike(
    system: LiveSystem, record: dict[str, Any], probabilities: list[float]
) -> None:
    rows = system.http.post("/invocations", json={"dataframe_records": [record]}).json()
    assert len(rows["predictions"]) == 1
    names = [name for name, value in record.items() if value is not None]
    text = ",".join(names) + "\n" + ",".join(str(record[name]) for name in names) + "\n"
    table = system.http.post("/invocations", content=text, headers={"content-type": "text/csv"})
    assert table.json()["predictions"] == rows["predictions"]
    assert system.http.get("/ping").status_code == 200


def test_inference_protocol_answers_alike_in_json(
    system: LiveSystem, record: dict[str, Any], probabilities: list[float]
) -> None:
    types = {bool: "BOOL", str: "BYTES"}
    tensors = [
        {"name": name, "datatype": types.get(type(value), "FP64"), "shape": [1], "data": [value]}
        for name, value in record.items()
    ]
    reply = system.http.post(f"/v2/models/{DATASET}/infer", json={"id": "1", "inputs": tensors})
    found = {output["name"]: output["data"] for output in reply.json()["outputs"]}
    assert reply.json()["id"] == "1"
    assert found["probabilities"] == pytest.approx(probabilities, abs=1e-6)


def test_tritonclient_gets_bytes_through_the_api(
    system: LiveSystem, record: dict[str, Any], probabilities: list[float]
) -> None:
    headers = {
        "x-api-key": system.http.headers["x-api-key"],
        # API Gateway passes bytes on for the media types that both sides name.
        "Content-Type": BYTES,
        "Accept": BYTES,
    }
    url = str(system.http.base_url).removeprefix("http://").rstrip("/")
    done = subprocess.run(
        [
            *[str(prepare_clients()), str(PROGRAM), url, json.dumps(headers)],
            *[DATASET, json.dumps(record)],
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["probabilities"] == [pytest.approx(probabilities, abs=1e-6)]


def send(system: LiveSystem, bad: Bad) -> httpx.Response | None:
    """Send a bad request; None if the API had too many requests to look at it."""
    reply = system.http.post(bad.path, content=bad.body, headers=dict(bad.headers))
    return None if reply.status_code == 429 else reply


def test_rejects_what_nobody_should_send_through_the_api(system: LiveSystem) -> None:
    faults = []
    for bad in CORPUS:
        reply = wait_for(
            partial(send, system, bad), within_s=30, what="an API that is not too busy"
        )
        faults.append(find_fault(bad, reply.status_code, reply.text))
    assert [fault for fault in faults if fault] == []


def test_serve_answers_from_the_deployed_bucket_and_captures_into_it(
    system: LiveSystem, record: dict[str, Any], probabilities: list[float]
) -> None:
    environment = {**os.environ, "LOOP_HOME": str(system.home), "NO_COLOR": "1"}
    command = [str(COMMAND), "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = next(found[0] for found in map(ADDRESS.search, process.stdout) if found)
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
                reply = client.post("/v1/predict", json={"records": [record], "explain": True})
                counts = client.get("/metrics").text
        finally:
            process.terminate()
            process.wait(timeout=30)
    [prediction] = reply.json()["predictions"]
    assert list(prediction["probability"].values()) == pytest.approx(probabilities, abs=1e-6)
    explained = prediction["explanation"]
    assert sum(explained["contributions"].values()) == pytest.approx(
        explained["score"] - explained["reference"], abs=1e-9
    )
    assert 'path="/v1/predict",status="200"} 1' in counts
    at = events.time_of(prediction["prediction_id"])
    captured = keys.captured(at, prediction["prediction_id"])
    bucket = system.outputs["DataBucketName"]
    assert system.aws("s3").get_object(Bucket=bucket, Key=captured)["Body"].read()
