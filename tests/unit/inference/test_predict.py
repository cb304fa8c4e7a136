import asyncio
import base64
import json
import math

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Column, Task
from core.events import time_of
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import Reply, Service, make_event

PREDICT = "/v1/predict"
MARKER = "private-marker-7391"


@pytest.fixture
def service() -> Service:
    service = Service()
    make_champion(service.store, make_contract())
    return service


def send(service: Service, body: str, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.send(make_event("POST", PREDICT, body, headers=sent))


def assert_error(reply: Reply, status: int, *, hidden: str = MARKER) -> None:
    assert reply.status == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json) == {"error"}
    assert set(reply.json["error"]) == {"code", "message", "details"}
    assert all(set(detail) == {"place", "rule"} for detail in reply.json["error"]["details"])
    assert hidden not in reply.text


def test_answer_holds_ids_probabilities_and_version_when_model_is_binary(service: Service) -> None:
    reply = service.post(PREDICT, {"records": [make_record(), {"age": 1, "plan": "basic"}]})
    assert reply.status == 200
    assert (reply.json["model"], reply.json["model_version"]) == ("subscriptions", 1)
    first, second = reply.json["predictions"]
    # The weighted sum of 40, 10.5 and 1, and 1 for the category.
    expected = 1 / (1 + math.exp(-1.515))
    assert first["probability"]["Yes"] == pytest.approx(expected, abs=1e-6)
    assert sum(first["probability"].values()) == pytest.approx(1, abs=1e-6)
    assert (first["prediction"], second["prediction"]) == ("Yes", "No")
    assert first["decision_threshold"] == 0.5
    assert first["interval"] is None
    assert first["warnings"] == []
    assert first["prediction_id"] < second["prediction_id"]
    assert time_of(first["prediction_id"]).tzinfo is not None


@pytest.mark.parametrize(
    ("task", "prediction", "classes"),
    [("multiclass", "high", ["low", "middle", "high"]), ("binary", "Yes", ["No", "Yes"])],
)
def test_probabilities_come_in_the_order_of_the_classes(
    task: Task, prediction: str, classes: list[str]
) -> None:
    service = Service()
    make_champion(service.store, make_contract(task=task))
    [answer] = service.post(PREDICT, {"records": [make_record()]}).json["predictions"]
    assert list(answer["probability"]) == classes
    assert answer["prediction"] == prediction


def test_answer_is_a_number_when_model_is_a_regression() -> None:
    service = Service()
    make_champion(service.store, make_contract(task="regression"))
    [answer] = service.post(PREDICT, {"records": [make_record()]}).json["predictions"]
    assert answer["prediction"] == pytest.approx(1.515)
    assert answer["probability"] is None
    assert answer["decision_threshold"] is None
    assert answer["interval"] == pytest.approx({"lower": -0.485, "upper": 3.515, "coverage": 0.9})


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_model_answers_when_it_has_one_input_only(kind: str) -> None:
    service = Service()
    column = Column(name="x", kind=kind)  # type: ignore[arg-type]
    make_champion(service.store, make_contract(columns=[column]))
    value: object = 1 if kind == "numeric" else "pro"
    assert service.post(PREDICT, {"records": [{"x": value}, {}]}).status == 200


def test_models_answer_by_name_when_there_are_several(service: Service) -> None:
    make_champion(service.store, make_contract(dataset="wine", task="multiclass"))
    for name in ("subscriptions", "wine"):
        reply = service.post(f"/v1/models/{name}/predict", {"records": [make_record()]})
        assert reply.json["model"] == name
    assert service.post(PREDICT, {"records": [make_record()]}).json["model"] == "subscriptions"


def test_warnings_stand_with_their_record(service: Service) -> None:
    records = [make_record(), {"age": 200, "plan": MARKER}]
    reply = service.post(PREDICT, {"records": records})
    first, second = reply.json["predictions"]
    assert first["warnings"] == []
    assert [warning["field"] for warning in second["warnings"]] == ["age", "plan"]
    assert MARKER not in reply.text


@pytest.mark.parametrize("path", ["/v1/predict", "/live/v1/predict"])
def test_answers_when_body_is_base64_and_stage_is_in_the_path(service: Service, path: str) -> None:
    body = base64.b64encode(json.dumps({"records": [make_record()]}).encode()).decode()
    assert service.send(make_event("POST", path, body, is_base64=True)).status == 200


def test_answers_over_http(service: Service) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(PREDICT, json={"records": [make_record()]})

    reply = asyncio.run(ask())
    assert reply.status_code == 200
    assert reply.json()["model_version"] == 1
    # The Lambda handler goes on after somebody else's loop.
    assert service.get("/health").status == 200


def test_most_records_are_answered(service: Service) -> None:
    reply = service.post(PREDICT, {"records": [make_record()] * 1000})
    assert len(reply.json["predictions"]) == 1000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        (f'"{MARKER}', 400),
        ('{"records": [{"age": NaN}]}', 400),
        ('{"records": [{"age": -Infinity}]}', 400),
        ('{"records": [{"age": 1, "age": 2}]}', 400),
        ('{"records": [{"age": ' + "9" * 5000 + "}]}", 400),
        ('{"records": ' + "[" * 50_000, 400),
        ('{"records": [{"age": ' + "[" * 400 + "]" * 400 + "}]}", 422),
        ("[]", 422),
        ("null", 422),
        (f'"{MARKER}"', 422),
        ("{}", 422),
        ('{"records": {}}', 422),
        ('{"records": []}', 422),
        (f'{{"records": ["{MARKER}"]}}', 422),
        ('{"records": [{}], "private-marker-7391": 1}', 422),
        ('{"records": [' + ",".join(["{}"] * 1001) + "]}", 422),
        ('{"records": [{"age": 1e400}]}', 422),
        ('{"records": [{"age": 1, "plan": "\\ud800"}]}', 422),
        ('{"records": [{"age": 1, "plan": "\\u0000private-marker-7391"}]}', 422),
        ('{"records": [{"age": 3e38, "usage": 3e38}]}', 422),
        (" " * (1024 * 1024 + 1), 413),
    ],
)
def test_rejects_bad_body(service: Service, body: str, status: int) -> None:
    assert_error(send(service, body), status)


@pytest.mark.parametrize(
    ("record", "field", "rule"),
    [
        ({}, "age", "is required"),
        ({"age": None}, "age", "is required"),
        ({"age": True}, "age", "must be a number"),
        ({"age": "1.5"}, "age", "must be a number"),
        ({"age": MARKER}, "age", "must be a number"),
        ({"age": [MARKER]}, "age", "must be a number"),
        ({"age": 10**300}, "age", "must lie between -3.4e38 and 3.4e38"),
        ({"age": 1, "active": "yes"}, "active", "must be true or false"),
        ({"age": 1, "plan": 7391}, "plan", "must be a string"),
    ],
)
def test_rejects_record_that_breaks_the_contract(
    service: Service, record: dict[str, object], field: str, rule: str
) -> None:
    reply = service.post(PREDICT, {"records": [make_record(), record]})
    assert_error(reply, 422)
    details = reply.json["error"]["details"]
    assert details == [{"place": ["records", 1, field], "rule": rule}]


def test_rejects_unknown_field_without_repeating_it(service: Service) -> None:
    reply = service.post(PREDICT, {"records": [{"age": 1, MARKER: 1}]})
    assert_error(reply, 422)
    assert reply.json["error"]["details"][0]["place"] == ["records", 0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/csv"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "application/json; charset=latin-1"},
        {"Content_Encoding": "gzip"},
    ],
)
def test_rejects_body_of_another_type(service: Service, headers: dict[str, str]) -> None:
    assert_error(send(service, '{"records": []}', **headers), 415)


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", "Application/JSON"])
def test_answers_when_json_is_announced_in_another_way(service: Service, kind: str) -> None:
    body = json.dumps({"records": [make_record()]})
    assert send(service, body, Content_Type=kind).status == 200


@pytest.mark.parametrize(
    "body", ['{"a": 1}'.encode("utf-16"), b"\xff\xfe", "\ufeff{}".encode(), b'{"a": "\xe9"}']
)
def test_rejects_body_in_another_encoding(service: Service, body: bytes) -> None:
    event = make_event("POST", PREDICT, base64.b64encode(body).decode(), is_base64=True)
    assert_error(service.send(event), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/private-marker-7391", 404),
        ("GET", "/v1/predict", 405),
        ("GET", "/v1/models/", 404),
        ("POST", "/v1/predict/", 404),
        ("POST", "/v1/models/private-marker-7391/predict", 404),
        ("POST", "/v1/models/Private-marker-7391../predict", 404),
        ("GET", "/v1/models/private-marker-7391", 404),
        ("GET", "/v1/models/private-marker-7391/contract", 404),
        ("GET", "/v1/models/%2e%2e%2fx/contract", 404),
    ],
)
def test_rejects_path_that_is_not_there(
    service: Service, method: str, path: str, status: int
) -> None:
    body = json.dumps({"records": [make_record()]}) if method == "POST" else None
    assert_error(service.send(make_event(method, path, body)), status)


contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["records", "age", "plan", "usage", "active", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(contents | st.fixed_dictionaries({"records": st.lists(contents, max_size=3)}))
def test_no_body_makes_a_fault(content: object) -> None:
    reply = SHARED.post(PREDICT, content)
    assert reply.status in {200, 400, 422}
    if reply.status != 200:
        assert_error(reply, reply.status)


SHARED = Service(share=0.0, refresh_s=3600.0)
make_champion(SHARED.store, make_contract())
