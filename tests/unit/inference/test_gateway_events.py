import asyncio
import base64
from typing import Any

import pytest
from mangum.handlers import APIGateway
from starlette.requests import Request

from lambdas.inference.events import STAGE_PATH, TEXT_TYPES, EventRequest, read_body, write_answer
from lambdas.inference.web import Response
from tests.unit.inference.service import make_event

CONFIG: Any = {
    "api_gateway_base_path": STAGE_PATH,
    "text_mime_types": [*TEXT_TYPES],
    "exclude_headers": [],
}


def make_events() -> list[dict[str, Any]]:
    many = make_event("POST", "/live/v1/models/a%20b/predict", "{}")
    many["headers"]["X-Many"] = "2"
    many["multiValueHeaders"]["X-Many"] = ["1", "2"]
    many["multiValueQueryStringParameters"] = {"a": ["1", "2"], "b": ["x y"]}
    many["queryStringParameters"] = {"a": "2", "b": "x y"}
    plain = make_event("GET", "/health")
    plain["multiValueHeaders"] = None
    return [many, plain, make_event("POST", "/v1/predict", base64.b64encode(b"\xff").decode(),
                                    is_base64=True)]  # fmt: skip


@pytest.mark.parametrize("event", make_events(), ids=["many", "plain", "base64"])
def test_event_is_read_as_mangum_reads_it(event: dict[str, Any]) -> None:
    gateway = APIGateway(event, None, CONFIG)  # type: ignore[arg-type]
    wanted = Request(gateway.scope)
    found = EventRequest(event, read_body(event))
    assert (found.method, found.path) == (wanted.method, wanted.scope["path"])
    assert dict(found.headers) == dict(wanted.headers)
    assert {name: found.header(name) for name in found.headers} == found.headers
    assert found.header("x-absent") is None
    assert asyncio.run(found.read(1000)) == gateway.body


@pytest.mark.parametrize(
    "response",
    [
        Response(b'{"a":1}', media_type="application/json"),
        Response(b"", 204),
        Response(b"\x00\xff", media_type="application/octet-stream"),
        Response("é", 404, headers={"retry-after": "5"}, media_type="text/plain"),
    ],
    ids=["json", "empty", "binary", "text"],
)
def test_response_is_written_as_mangum_writes_it(response: Response) -> None:
    gateway = APIGateway(make_event("GET", "/"), None, CONFIG)  # type: ignore[arg-type]
    headers = [[name.encode(), value.encode()] for name, value in response.headers.items()]
    wanted = gateway({"status": response.status_code, "headers": headers, "body": response.body})
    assert write_answer(response) == wanted


@pytest.mark.parametrize("body", ["!", "YQ", "é"])
def test_rejects_body_that_is_not_base64(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_body(make_event("POST", "/", body, is_base64=True))
