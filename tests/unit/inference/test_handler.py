import json
from typing import Any

import pytest

from core.contract import Column
from core.errors import InvalidInputError
from lambdas.inference import handler as module
from lambdas.inference.events import MAX_ANSWER_BYTES, is_too_large
from lambdas.inference.models import Models
from lambdas.inference.settings import Settings
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.inference.service import CONTEXT, Service, make_event


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.mark.parametrize("path", ["/health", "/live/health"])
def test_health_answers_without_a_model(service: Service, path: str) -> None:
    reply = service.get(path)
    assert (reply.status, reply.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("body", "is_base64"), [("%%%", True), ("abc", True), ("é", True), ("\ud800", False)]
)
def test_rejects_body_that_cannot_be_decoded(
    service: Service, body: str, *, is_base64: bool
) -> None:
    reply = service.send(make_event("POST", "/v1/predict", body, is_base64=is_base64))
    assert reply.status == 400
    assert reply.json["error"]["code"] == "invalid_body"


@pytest.mark.parametrize("host", ["a:b:c", "a:x", "", "[::1]:80", "127.0.0.1:4566", "a, b"])
def test_answers_when_host_is_odd(service: Service, host: str) -> None:
    assert service.send(make_event("GET", "/health", headers={"Host": host})).status == 200


@pytest.mark.parametrize("missing", [None, {}])
def test_answers_when_headers_are_missing(service: Service, missing: object) -> None:
    event = {**make_event("GET", "/health"), "headers": missing, "multiValueHeaders": missing}
    assert service.send(event).status == 200


NAMES = [f"p{place:02}" for place in range(100)]


def ask_for_warnings(rows: int, path: str) -> dict[str, Any]:
    """Return a request each of whose fields has a warning in the answer."""
    bodies: dict[str, object] = {
        "/v1/predict": {"records": [dict.fromkeys(NAMES, "x")] * rows},
        "/invocations": {"dataframe_split": {"columns": NAMES, "data": [["x"] * 100] * rows}},
    }
    return make_event("POST", path, json.dumps(bodies[path], separators=(",", ":")))


@pytest.mark.parametrize(
    ("path", "code"), [("/v1/predict", "too_large"), ("/invocations", "BAD_REQUEST")]
)
def test_says_so_when_an_answer_is_more_than_lambda_passes_on(
    service: Service, path: str, code: str
) -> None:
    columns = [Column(name=name, kind="categorical", categories=("a",)) for name in NAMES]
    make_champion(service.store, make_contract(columns=columns))
    reply = service.send(ask_for_warnings(600, path))
    assert reply.status == 200
    assert len(reply.text) > 3_000_000
    reply = service.send(ask_for_warnings(1000, path))
    assert reply.status == 413
    assert "Send fewer rows" in reply.text
    assert code in reply.text


@pytest.mark.parametrize("text", ['"', "é", "\n", "日", "x"])
def test_an_answer_is_measured_as_lambda_reads_it(text: str) -> None:
    answer = {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}
    empty, one = (len(json.dumps(each, ensure_ascii=False).encode()) for each in (
        answer, {**answer, "body": text}))  # fmt: skip
    most = (MAX_ANSWER_BYTES - empty) // (one - empty)
    assert not is_too_large({**answer, "body": text * most})
    assert is_too_large({**answer, "body": text * (most + 1)})


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"source": "aws.events"}])
def test_rejects_event_that_is_no_request(service: Service, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="REST API only"):
        service.handler(event, CONTEXT)


def test_fault_of_ours_is_answered_and_logged_without_its_text(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("private")

    monkeypatch.setattr(Models, "get", fail)
    reply = service.get("/v1/contract")
    assert reply.status == 500
    assert reply.json["error"]["code"] == "internal_error"
    assert "private" not in reply.text
    assert "RuntimeError at test_handler.py" in caplog.text
    assert "private" not in caplog.text


def test_service_is_built_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    module._build_once.cache_clear()
    monkeypatch.setenv("BUCKET", "data")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    answer = module.handler(make_event("GET", "/health"), CONTEXT)
    module._build_once.cache_clear()
    assert answer["statusCode"] == 200


def test_settings_have_defaults() -> None:
    assert Settings.from_environment({"BUCKET": "data"}) == Settings("data", "dev", 1.0, 2.0)


def test_settings_are_read_from_the_environment() -> None:
    environment = {
        "BUCKET": "data",
        "STAGE": "prod",
        "CAPTURE_SHARE": "0.25",
        "ALIAS_REFRESH_S": "0",
    }
    assert Settings.from_environment(environment) == Settings("data", "prod", 0.25, 0.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BUCKET", ""),
        ("CAPTURE_SHARE", "all"),
        ("CAPTURE_SHARE", "1.01"),
        ("CAPTURE_SHARE", "-0.1"),
        ("CAPTURE_SHARE", "nan"),
        ("ALIAS_REFRESH_S", "inf"),
        ("ALIAS_REFRESH_S", "-1"),
    ],
)
def test_rejects_bad_setting_by_name(name: str, text: str) -> None:
    with pytest.raises(InvalidInputError, match=name):
        Settings.from_environment({"BUCKET": "data", name: text})
