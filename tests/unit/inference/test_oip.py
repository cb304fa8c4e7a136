"""The Open Inference Protocol: descriptions, answers, and tensors as JSON or bytes."""

import json
import math
import struct
from typing import Any

import numpy as np
import pytest

from core.contract import Column
from core.events import parse_lines
from lambdas.inference.protocols.tensors import DATATYPES
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.oip import (
    AGE,
    INFER,
    MARKER,
    SCORE,
    ask,
    column,
    make_tensors,
    outputs,
    send_bytes,
)
from tests.unit.inference.service import Service, make_event


def test_server_and_model_are_described(service: Service) -> None:
    assert service.get("/v2").json["extensions"] == ["binary_tensor_data"]
    assert service.get("/v2/health/live").json == {"live": True}
    assert service.get("/v2/health/ready").json == {"live": True, "ready": True}
    for path in ("/v2/models/subscriptions", "/v2/models/subscriptions/versions/1"):
        assert service.get(f"{path}/ready").json == {"name": "subscriptions", "ready": True}
        found = service.get(path).json
        assert (found["name"], found["versions"]) == ("subscriptions", ["1"])
        assert [(item["name"], item["datatype"], item["shape"]) for item in found["inputs"]] == [
            ("age", "FP64", [-1]),
            ("plan", "BYTES", [-1]),
            ("usage", "FP64", [-1]),
            ("active", "BOOL", [-1]),
        ]
        assert [(item["name"], item["shape"]) for item in found["parameters"]["graph_inputs"]] == [
            ("numeric", [-1, 3]),
            ("strings", [-1, 1]),
        ]
        names = [(item["name"], item["datatype"], item["shape"]) for item in found["outputs"]]
        assert names == [
            ("prediction", "BYTES", [-1]),
            ("probabilities", "FP32", [-1, 2]),
            ("prediction_id", "BYTES", [-1]),
            ("warnings", "BYTES", [-1]),
        ]


def test_answer_is_that_of_the_native_protocol_when_columns_are_tensors(service: Service) -> None:
    reply = ask(service, make_tensors(), id="42")
    assert (reply.json["id"], reply.json["model_name"]) == ("42", "subscriptions")
    assert reply.json["model_version"] == "1"
    found = outputs(reply)
    assert found["prediction"] == ["Yes"]
    assert found["probabilities"] == pytest.approx([1 - SCORE, SCORE], abs=1e-6)
    assert found["warnings"] == [""]
    [native] = service.post("/v1/predict", {"records": [make_record()]}).json["predictions"]
    assert list(native["probability"].values()) == found["probabilities"]


def test_answer_is_captured_under_its_id(service: Service) -> None:
    [prediction_id] = outputs(ask(service, make_tensors()))["prediction_id"]
    [info] = service.store.list("captured/")
    [capture], _ = parse_lines(service.store.get(info.key).body)
    assert capture.prediction_id == prediction_id
    assert capture.features == make_record()
    body = {"feedback": [{"prediction_id": prediction_id, "outcome": "Yes"}]}
    assert service.post("/v1/feedback", body).json["accepted"] == 1


@pytest.mark.parametrize(
    "strings",
    [
        {"name": "strings", "datatype": "BYTES", "shape": [2, 1], "data": ["pro", ""]},
        {"name": "strings", "datatype": "BYTES", "shape": [2, 1], "data": [["pro"], [None]]},
    ],
)
def test_answer_is_the_same_when_tensors_are_the_graphs(
    service: Service, strings: dict[str, Any]
) -> None:
    numeric = {
        "name": "numeric",
        "datatype": "FP32",
        "shape": [2, 3],
        "data": [[40, 10.5, 1], [40, 10.5, None]],
    }
    found = outputs(ask(service, [numeric, strings]))
    # The second row knows neither plan nor active.
    half = 1 / (1 + math.exp(-0.505))
    assert found["probabilities"][1::2] == pytest.approx([SCORE, half], abs=1e-6)


def test_regression_answers_numbers() -> None:
    service = Service()
    make_champion(service.store, make_contract(task="regression"))
    reply = ask(service, make_tensors(), outputs=[{"name": "prediction"}])
    assert outputs(reply) == {"prediction": [pytest.approx(1.515)]}
    assert reply.json["outputs"][0]["datatype"] == "FP32"


@pytest.mark.parametrize("datatype", [name for name in DATATYPES if name not in ("BYTES", "BOOL")])
def test_every_number_type_is_read(service: Service, datatype: str) -> None:
    inputs = [{**column("age", datatype, 40, 41), "shape": [2, 1]}, *make_tensors()[1:2]]
    inputs[1] = column("plan", "BYTES", "pro", "pro")
    assert outputs(ask(service, inputs))["prediction"] == ["Yes", "Yes"]


def test_only_the_requested_outputs_come_in_their_order(service: Service) -> None:
    wanted = [{"name": "warnings"}, {"name": "prediction"}]
    assert list(outputs(ask(service, make_tensors(), outputs=wanted))) == ["warnings", "prediction"]


def test_warnings_stand_with_their_row(service: Service) -> None:
    tensors = [column("age", "INT32", 40, 200), column("plan", "BYTES", "pro", MARKER)]
    reply = ask(service, tensors)
    first, second = outputs(reply)["warnings"]
    assert first == ""
    assert second.startswith("age: is above the contract's maximum of 120; plan: is a category")
    assert MARKER not in reply.text


def test_bytes_go_in_and_come_out(service: Service) -> None:
    text = struct.pack("<I", 3) + b"pro"
    numbers = np.array([40], "<i8").tobytes()
    usage = np.array([10.5], "<f2").tobytes()
    inputs: list[dict[str, Any]] = []
    for name, datatype, part in (
        ("plan", "BYTES", text),
        ("age", "INT64", numbers),
        ("usage", "FP16", usage),
        ("active", "BOOL", b"\1"),
    ):
        about = {"binary_data_size": len(part)}
        inputs.append({"name": name, "datatype": datatype, "shape": [1, 1], "parameters": about})
    content = {"inputs": inputs, "parameters": {"binary_data_output": True}}
    found, rest = send_bytes(service, content, text, numbers, usage, b"\1")
    assert [item["name"] for item in found["outputs"]][:2] == ["prediction", "probabilities"]
    sizes = [item["parameters"]["binary_data_size"] for item in found["outputs"]]
    assert sum(sizes) == len(rest)
    assert rest[: sizes[0]] == struct.pack("<I", 3) + b"Yes"
    scores = np.frombuffer(rest[sizes[0] : sizes[0] + sizes[1]], "<f4")
    assert scores == pytest.approx([1 - SCORE, SCORE], abs=1e-6)


def test_each_output_chooses_between_json_and_bytes(service: Service) -> None:
    wanted = [
        {"name": "prediction", "parameters": {"binary_data": False}},
        {"name": "probabilities", "parameters": {"binary_data": True}},
    ]
    found, rest = send_bytes(service, {"inputs": make_tensors(), "outputs": wanted})
    assert found["outputs"][0]["data"] == ["Yes"]
    assert "data" not in found["outputs"][1]
    assert len(rest) == 8


def test_nan_is_missing_when_it_comes_as_bytes(service: Service) -> None:
    usage = np.array([np.nan], "<f4").tobytes()
    inputs = [
        column("age", "FP32", 40),
        {
            "name": "usage",
            "datatype": "FP32",
            "shape": [1],
            "parameters": {"binary_data_size": 4},
        },
    ]
    found, _ = send_bytes(service, {"inputs": inputs}, usage)
    assert found["status"] == 200
    [info] = service.store.list("captured/")
    [capture], _ = parse_lines(service.store.get(info.key).body)
    assert capture.features == {"age": 40, "usage": None}


def test_nan_means_missing_in_json_as_it_does_in_bytes(service: Service) -> None:
    usage = {"name": "usage", "datatype": "FP64", "shape": [1], "data": [math.nan]}
    reply = service.send(make_event("POST", INFER, json.dumps({"inputs": [AGE, usage]})))
    assert reply.status == 200
    [info] = service.store.list("captured/")
    [capture], _ = parse_lines(service.store.get(info.key).body)
    assert capture.features["usage"] is None


def test_nothing_is_ready_before_the_first_model() -> None:
    service = Service()
    assert service.get("/v2/health/live").status == 200
    reply = service.get("/v2/health/ready")
    assert (reply.status, list(reply.json)) == (503, ["error"])
    assert int(reply.headers["retry-after"]) > 0


def test_column_keeps_its_name_when_it_is_called_like_an_input_of_the_graph() -> None:
    service = Service()
    columns = [Column(name="numeric", kind="categorical"), Column(name="age", kind="numeric")]
    make_champion(service.store, make_contract(columns=columns))
    reply = ask(service, [column("numeric", "BYTES", "pro"), column("age", "FP32", 1)])
    assert outputs(reply)["prediction"] == ["Yes"]
