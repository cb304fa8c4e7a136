import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lambdas.inference import server as module
from tests.fixtures.bundles import make_contract, make_record
from tests.fixtures.servers import serve, write_bundle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(make_contract(), tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        serve(["--bundle", str(folder)]) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        yield client


def test_every_protocol_answers_over_http(client: httpx.Client) -> None:
    records = [make_record()]
    native = client.post("/v1/predict", json={"records": records})
    assert native.json()["predictions"][0]["prediction"] == "Yes"
    invoked = client.post("/invocations", json={"dataframe_records": records})
    assert invoked.json()["predictions"] == ["Yes"]
    tensor = {"name": "age", "datatype": "INT64", "shape": [1], "data": [40]}
    inferred = client.post("/v2/models/subscriptions/infer", json={"inputs": [tensor]})
    assert inferred.json()["outputs"][0]["data"] == ["Yes"]


def test_metrics_count_requests_by_route_and_status(client: httpx.Client) -> None:
    marker = "private-marker-7391"
    client.post("/v1/models/subscriptions/predict", json={"records": [{"plan": marker}]})
    client.get(f"/v1/models/{marker}")
    client.get(f"/{marker}")
    reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = reply.text.splitlines()
    assert (
        'loop_requests_total{method="POST",path="/v1/models/{model}/predict",status="422"} 1'
        in lines
    )
    assert 'loop_requests_total{method="GET",path="other",status="404"} 1' in lines
    assert any(line.startswith('loop_request_seconds_count{path="other"}') for line in lines)
    assert marker not in reply.text
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in lines)


def test_a_caller_who_goes_in_the_middle_of_a_body_is_no_fault_of_the_server(
    client: httpx.Client,
) -> None:
    address = (client.base_url.host, client.base_url.port or 80)
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection(address) as caller:
        caller.sendall(head + b'{"rec')
    wanted = 'loop_requests_total{method="POST",path="/v1/predict",status="499"} 1'
    until_s = time.monotonic() + 10
    while wanted not in (text := client.get("/metrics").text) and time.monotonic() < until_s:
        time.sleep(0.02)
    assert wanted in text
    assert 'status="5' not in text


def test_a_head_that_is_too_large_is_refused(client: httpx.Client) -> None:
    assert client.get("/health", headers={"X-Large": "x" * 70_000}).status_code == 431


def test_feedback_is_refused_when_nothing_could_keep_it(client: httpx.Client) -> None:
    native = client.post("/v1/predict", json={"records": [make_record()]}).json()
    prediction_id = native["predictions"][0]["prediction_id"]
    body = {"feedback": [{"prediction_id": prediction_id, "outcome": "Yes"}]}
    reply = client.post("/v1/feedback", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "no_bucket")


def test_a_request_that_does_not_end_is_answered_when_the_server_stops(
    folder: Path,
) -> None:
    command = [sys.executable, "-m", "lambdas.inference.server", "--port", "0"]
    with subprocess.Popen(
        [*command, "--bundle", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        port = int(process.stdout.readline().rpartition(":")[2].split()[0])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            httpx.get(f"http://127.0.0.1:{port}/ping", trust_env=False)  # it has been read
            process.terminate()
            answer = caller.makefile("rb").read()
        _, said = process.communicate(timeout=30)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"The server is stopping.")
    assert "Traceback" not in said
    assert process.returncode == 0


def test_page_needs_no_key(client: httpx.Client) -> None:
    assert "security" not in client.get("/openapi.json").json()


def test_rejects_folder_without_a_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in ([], ["serve"]):  # SageMaker's
        assert module.main([*word, "--bundle", str(tmp_path)], {}) == 2
        assert "model.onnx" in capsys.readouterr().err


def test_rejects_graph_that_is_not_the_promised_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"junk")
    assert module.main(["--bundle", str(tmp_path)], {}) == 5
    assert "graph" in capsys.readouterr().err


def test_rejects_port_that_is_taken(
    client: httpx.Client, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = str(client.base_url.port)
    assert module.main(["--bundle", str(folder), "--port", port], {}) == 6
    assert f"port {port}" in capsys.readouterr().err


def test_rejects_environment_without_a_bucket(capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main([], {}) == 2
    assert "BUCKET" in capsys.readouterr().err


def test_a_fault_at_the_start_is_told_as_the_command_line_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert module.main(["--bundle", str(tmp_path / "none")], {}) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(r"Stopped: .*model\.onnx is not there.*\nNext: Name the .*\n", told.err)
