import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from lambdas.inference import deadline, table
from lambdas.inference.app import create_app
from lambdas.inference.capture import Recorder
from lambdas.inference.handler import make_handler
from lambdas.inference.models import Models
from lambdas.inference.router import Router
from lambdas.inference.routes import Route
from lambdas.inference.web import Request, Response
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import CONTEXT, Service, make_event


@pytest.fixture(scope="module")
def service() -> Service:
    service = Service(share=0.0, refresh_s=3600.0)
    make_champion(service.store, make_contract())
    return service


def list_app_routes(service: Service) -> set[tuple[str, str]]:
    app = create_app(models=service.models, recorder=Recorder(service.store, stage="d", share=0))
    return {
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
    }


def test_application_and_quick_way_have_the_same_routes(service: Service) -> None:
    routes = table.list_routes(service.models, Recorder(service.store, stage="d", share=0))
    quick = {(method, route.path) for route in routes for method in route.methods}
    assert quick == list_app_routes(service)


def test_every_route_is_found_by_the_quick_way(service: Service) -> None:
    for method, path in list_app_routes(service):
        asked = path.replace("{", "").replace("}", "")
        found = service.app.find(method, asked)
        assert found is not None
        route, values = found
        assert route.path == path
        assert set(values) == {part[1:-1] for part in path.split("/") if part[:1] == "{"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/predict"), ("POST", "/nothing"), ("POST", "/v1/models//predict"), ("HEAD", "/v2"),
     ("POST", "/v1/predict/"), ("GET", "/")],
)  # fmt: skip
def test_quick_way_leaves_other_requests_to_the_application(
    service: Service, method: str, path: str
) -> None:
    assert service.app.find(method, path) is None


def drop_ids(reply: dict[str, Any]) -> tuple[int, str, Any]:
    content = json.loads(reply["body"]) if reply["body"] else None
    for prediction in (content or {}).get("predictions", []):
        del prediction["prediction_id"]
    return reply["statusCode"], reply["headers"]["content-type"], content


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/health", None),
        ("GET", "/v1/models", None),
        ("GET", "/v1/models/nothing", None),
        ("POST", "/v1/predict", json.dumps({"records": [make_record()]})),
        ("POST", "/v1/models/subscriptions/predict", json.dumps({"records": [make_record()] * 9})),
        ("POST", "/v1/models/nothing/predict", json.dumps({"records": [make_record()]})),
        ("POST", "/v1/predict", '{"records": [{"age": "x"}]}'),
        ("POST", "/v1/predict", '{"records": [{"age": 1, "age": 2}]}'),
        ("POST", "/v1/predict", "{"),
        ("POST", "/v1/feedback", "[]"),
        ("GET", "/v2/models/subscriptions", None),
        ("POST", "/invocations", "{}"),
    ],
)
def test_both_ways_answer_alike(service: Service, method: str, path: str, body: str | None) -> None:
    event = make_event(method, path, body)
    through_app = make_handler(Router([], lambda: service.app.app))
    assert drop_ids(service.handler(event, CONTEXT)) == drop_ids(through_app(event, CONTEXT))


def test_application_is_not_made_when_no_request_needs_it(service: Service) -> None:
    def make_app() -> Any:  # noqa: ANN401 - never called
        raise AssertionError

    models = Models(service.store, refresh_s=3600.0)
    recorder = Recorder(service.store, stage="d", share=0)
    handler = make_handler(Router(table.list_routes(models, recorder), make_app))
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()]}))
    assert handler(event, CONTEXT)["statusCode"] == 200


@pytest.mark.parametrize(
    "path", ["/v1/predict", "/v1/feedback", "/invocations", "/v2/models/subscriptions/infer"]
)
def test_a_caller_who_has_gone_is_not_logged_as_a_fault(
    service: Service, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    found = service.app.find("POST", path)
    assert found is not None
    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    with caplog.at_level(logging.INFO):
        response = asyncio.run(service.app.answer(found, scope, receive))
    assert response.status_code == 499
    assert not caplog.records


def test_the_time_of_an_answer_begins_when_the_request_has_come(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    clock = SimpleNamespace(monotonic=lambda: now_s)
    monkeypatch.setattr(deadline, "time", clock)

    async def receive() -> dict[str, Any]:
        nonlocal now_s
        now_s += 24.0
        return {"type": "http.request", "body": b""}

    async def tell(request: Request) -> Response:
        before_s = deadline.read_remaining_s()
        await request.read(1)
        return Response(f"{before_s} {deadline.read_remaining_s()}")

    route = Route(methods=("POST",), path="/", endpoint=tell)
    router = Router([route], lambda: service.app.app, limit_s=25.0)
    found = router.find("POST", "/")
    assert found is not None
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    response = asyncio.run(router.answer(found, scope, receive))
    assert response.body == b"25.0 25.0"
