import json
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Column
from core.events import parse_lines
from lambdas.inference.protocols.tensors import DATATYPES, read_bytes, read_json, write_bytes
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import Reply, Service, make_event

INFER = "/v2/models/subscriptions/infer"
MARKER = "private-marker-7391"
SCORE = 1 / (1 + math.exp(-1.515))


def column(name: str, datatype: str, *data: object) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data)], "data": list(data)}


def make_tensors() -> list[dict[str, Any]]:
    return [
        column("age", "FP64", 40),
        column("plan", "BYTES", "pro"),
        column("usage", "FP32", 10.5),
        column("active", "BOOL", *[True]),
    ]


def ask(service: Service, inputs: object, **more: object) -> Reply:
    return service.post(INFER, {"inputs": inputs, **more})


def outputs(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.text
    return {output["name"]: output["data"] for output in reply.json["outputs"]}


def send_bytes(
    service: Service, content: Mapping[str, object], *parts: bytes, size: str | None = None
) -> tuple[dict[str, Any], bytes]:
    return service.post_bytes(INFER, content, *parts, size=size)


@pytest.fixture
def service(caplog: pytest.LogCaptureFixture) -> Iterator[Service]:
    service = Service()
    make_champion(service.store, make_contract())
    yield service
    assert "fault" not in caplog.text  # a wrong request is none of ours


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


AGE = column("age", "FP64", 40)


@pytest.mark.parametrize(
    ("inputs", "rule"),
    [
        (None, "inputs must be a list"),
        ([], "inputs must be a list"),
        ([MARKER], r"inputs\[0\] must be an object"),
        ([{**AGE, "name": 7391}], "name of"),
        ([{**AGE, "datatype": MARKER}], "datatype of"),
        ([{**AGE, "datatype": ["BOOL"]}], "datatype of"),
        ([{**AGE, "shape": 1}], "shape of"),
        ([{**AGE, "shape": [True]}], "shape of"),
        ([{**AGE, "shape": [0], "data": []}], "shape of"),
        ([{**AGE, "shape": [1, 1, 1]}], "shape of"),
        ([{**AGE, "shape": [1, 2], "data": [1, 2]}], "must have 1 columns"),
        ([{**AGE, "shape": [10**30]}], "1000 rows"),
        ([{**AGE, "shape": [2]}], "as many elements"),
        ([{**AGE, "data": MARKER}], "data must be a list"),
        ([{**AGE, "data": [MARKER]}], "must be numbers"),
        ([{**AGE, "data": [True]}], "must be numbers"),
        ([{**AGE, "data": [[40]]}], "must be numbers"),
        ([{**AGE, "shape": [2, 1], "data": [[40], [40, 1]]}], "nested data"),
        ([{**AGE, "datatype": "INT8", "data": [1.0]}], "whole numbers"),
        ([{**AGE, "datatype": "INT8", "data": [128]}], "between -128 and 127"),
        ([{**AGE, "datatype": "UINT8", "data": [-1]}], "between 0 and 255"),
        ([{**AGE, "datatype": "UINT64", "data": [10**400]}], "between 0 and"),
        ([{**AGE, "datatype": "BOOL", "data": [1]}], "true or false"),
        ([{**AGE, "datatype": "BOOL", "data": [True]}], "must be a number"),
        ([{**AGE, "datatype": "BYTES", "data": [MARKER]}], "must be a number"),
        ([{**AGE, "datatype": "BYTES", "data": [1]}], "must be strings"),
        ([{**AGE, "data": [10**300]}], "must lie between"),
        ([{**AGE, "data": [None]}], "is required"),
        ([column("usage", "FP64", 1)], "is required"),
        ([AGE, AGE], "was given before"),
        ([AGE, column("usage", "FP64", 1, 2)], "same number of rows"),
        ([AGE, column(MARKER, "FP64", 1)], "not in the contract"),
        ([{"name": "age", "datatype": "FP64", "shape": [1]}], "either data or binary"),
        ([{**AGE, "parameters": {"binary_data_size": 8}}], "size of its bytes"),
        ([{**AGE, "parameters": {"binary_data_size": True}}], "size of its bytes"),
        ([{**AGE, "parameters": []}], "parameters of"),
        ([{**AGE, "parameters": {"shared_memory_region": MARKER}}], "does not offer"),
        ([{"name": "strings", "datatype": "FP32", "shape": [1, 1], "data": [1]}], "must be BYTES"),
        ([{"name": "numeric", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}], "3 columns"),
        (
            [{"name": "numeric", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 7391]}],
            "0 or 1 for 'active'",
        ),
    ],
)
def test_rejects_tensors_by_rule(service: Service, inputs: object, rule: str) -> None:
    reply = ask(service, inputs)
    assert reply.status == 400
    assert set(reply.json) == {"error"}
    assert_matches(rule, reply.json["error"])
    assert MARKER not in reply.text
    assert "7391" not in reply.text


def assert_matches(rule: str, text: str) -> None:
    with pytest.raises(ValueError, match=rule):
        raise ValueError(text)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"id": 1}, "id must be"),
        ({"id": "\ud800"}, "id must be"),
        ({"outputs": {}}, "outputs must be"),
        ({"outputs": [{"name": MARKER}]}, "must have a name out of"),
        ({"outputs": [{"name": ["prediction"]}]}, "must have a name out of"),
        ({"outputs": [{"name": "prediction"}] * 2}, "named before"),
        ({"outputs": [{"name": "prediction", "parameters": {"binary_data": 1}}]}, "binary_data"),
        ({"outputs": [{"name": "prediction", "parameters": {"classification": 1}}]}, "not offer"),
        ({"parameters": {"binary_data_output": "yes"}}, "binary_data_output"),
        ({"parameters": MARKER}, "parameters of the request"),
    ],
)
def test_rejects_request_by_rule(service: Service, more: dict[str, Any], rule: str) -> None:
    reply = ask(service, make_tensors(), **more)
    assert (reply.status, set(reply.json)) == (400, {"error"})
    assert_matches(rule, reply.json["error"])
    assert MARKER not in reply.text


@pytest.mark.parametrize(
    ("size", "rest", "rule"),
    [
        ("-1", b"", "must be the size"),
        ("1e3", b"", "must be the size"),
        ("99999", b"", "must be the size"),
        ("9" * 5000, b"", "must be the size"),
        ("", b"", "must be the size"),
        (None, b"too many", "as many as"),
    ],
)
def test_rejects_wrong_sizes(service: Service, size: str | None, rest: bytes, rule: str) -> None:
    found, _ = send_bytes(service, {"inputs": make_tensors()}, rest, size=size)
    assert found["status"] == 400
    assert rule in found["error"]


@pytest.mark.parametrize("width", [2, 10**4000])
def test_rejects_bytes_of_another_shape(service: Service, width: int) -> None:
    wide = {**AGE, "shape": [1000, width], "parameters": {"binary_data_size": 8}}
    del wide["data"]
    found, _ = send_bytes(service, {"inputs": [wide]}, bytes(8))
    assert (found["status"], found["error"][:70]) == (
        400,
        "The request is wrong: inputs[0]: binary_data_size must be 8 for each e",
    )


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"inputs": NaN}', '{"id": 1, "id": 1}'])
def test_rejects_body_that_is_no_object(service: Service, body: str) -> None:
    reply = service.send(make_event("POST", INFER, body))
    assert (reply.status, set(reply.json)) == (400, {"error"})


@pytest.mark.parametrize("headers", [{"Content-Type": "text/csv"}, {"Content-Encoding": "gzip"}])
def test_rejects_body_of_another_type(service: Service, headers: dict[str, str]) -> None:
    reply = service.send(make_event("POST", INFER, "{}", headers=headers))
    assert (reply.status, set(reply.json)) == (415, {"error"})


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/nothing",
        "/v2/models/Nothing..",
        "/v2/models/nothing/ready",
        "/v2/models/subscriptions/versions/2",
        "/v2/models/subscriptions/versions/01/ready",
        "/v2/models/subscriptions/versions/x",
    ],
)
def test_rejects_model_or_version_that_is_not_served(service: Service, path: str) -> None:
    reply = service.get(path)
    assert (reply.status, list(reply.json)) == (404, ["error"])
    assert isinstance(reply.json["error"], str)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2/repository/index", 404),
        ("GET", INFER, 405),
        ("GET", "/v2/models/", 404),
        ("POST", "/v2", 405),
    ],
)
def test_rejects_path_that_is_not_there_in_the_protocols_words(
    service: Service, method: str, path: str, status: int
) -> None:
    reply = service.send(make_event(method, path, "{}" if method == "POST" else None))
    assert reply.status == status
    assert isinstance(reply.json["error"], str)
    assert ("allow" in reply.headers) == (status == 405)


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


NUMPY_TYPES = {
    "BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
    "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
}  # fmt: skip


@pytest.mark.parametrize("datatype", NUMPY_TYPES)
def test_json_and_bytes_are_read_alike(datatype: str) -> None:
    data = np.array([0, 1, 1, 0], NUMPY_TYPES[datatype])
    assert read_bytes(datatype, (4,), data.tobytes()) == read_json(datatype, (4,), data.tolist())


@given(st.lists(st.text(min_size=1), min_size=1, max_size=10))
def test_texts_come_back_when_they_go_as_bytes(texts: list[str]) -> None:
    assert read_bytes("BYTES", (len(texts),), write_bytes(texts)) == texts


@given(st.binary(max_size=40), st.integers(1, 5))
def test_no_bytes_make_a_fault(data: bytes, count: int) -> None:
    for datatype in DATATYPES:
        try:
            values = read_bytes(datatype, (count,), data)
        except ValueError:
            continue
        assert len(values) == count


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["inputs", "name", "shape", "datatype", "data", "parameters", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
tensor = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["age", "plan", "numeric", "strings", "active"]),
        "datatype": st.sampled_from(DATATYPES),
        "shape": st.lists(st.integers(0, 3), max_size=3),
        "data": anything | st.lists(st.none() | st.integers(0, 3) | st.text(max_size=2)),
    }
)


@given(anything | st.fixed_dictionaries({"inputs": st.lists(tensor | anything, max_size=3)}))
def test_no_request_makes_a_fault(content: object) -> None:
    reply = SHARED.post(INFER, content)
    assert reply.status in {200, 400}
    assert reply.status == 200 or set(reply.json) == {"error"}


SHARED = Service(share=0.0, refresh_s=3600.0)
make_champion(SHARED.store, make_contract())
