"""What is wrong in a request of the Open Inference Protocol is told, and never its value."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.inference.protocols.tensors import DATATYPES
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.inference.oip import AGE, INFER, MARKER, ask, column, make_tensors, send_bytes
from tests.unit.inference.service import Service, make_event


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
    assert re.search(rule, reply.json["error"])
    assert MARKER not in reply.text
    assert "7391" not in reply.text


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
    assert re.search(rule, reply.json["error"])
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
