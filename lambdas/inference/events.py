"""API Gateway's events as requests, and responses as what it wants back.

What Mangum does for any application, for routes whose request is all there and whose response is
one piece; a test holds the two together.
"""

import base64
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.datastructures import QueryParams
from starlette.responses import Response

from lambdas.inference.answers import WholeRequest

STAGE_PATH = "/live"
"""The API's stage; some gateways leave it in the path."""

TEXT_TYPES = ("text/", "application/json", "application/schema+json")
"""Answers of these media types go out as text; all others in base64."""


class EventRequest(WholeRequest):
    """The request in an event of a REST API (version 1).

    Parameters
    ----------
    event : dict
        The event.
    body : bytes
        Its body, decoded.
    """

    def __init__(self, event: Mapping[str, Any], body: bytes) -> None:
        path: str = event["path"] or "/"
        path = path.removeprefix(STAGE_PATH) or "/"
        if "%" in path:
            path = unquote(path)
        super().__init__({"type": "http", "method": event["httpMethod"], "path": path}, body)
        self._event = event

    @cached_property
    def headers(self) -> Mapping[str, str]:  # type: ignore[override]
        """Header names in lower case, to values."""
        event = self._event
        many = event.get("multiValueHeaders") or {}
        found = {
            name.lower(): value
            for name, value in (event.get("headers") or {}).items()
            if value is not None
        }
        for name, values in many.items():
            if values and len(values) > 1:
                found[name.lower()] = ", ".join(values)
        return found

    @cached_property
    def query_params(self) -> QueryParams:
        """The query."""
        event = self._event
        many = event.get("multiValueQueryStringParameters")
        query = many or event.get("queryStringParameters") or {}
        return QueryParams(urlencode(query, doseq=True))


def read_body(event: Mapping[str, Any]) -> bytes:
    """Decode an event's body, or raise `ValueError`."""
    body = event.get("body")
    if not body:
        return b""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    return body if isinstance(body, bytes) else str(body).encode()


def write_answer(response: Response) -> dict[str, Any]:
    """Write a response as API Gateway wants it."""
    headers = {name.decode(): value.decode() for name, value in response.raw_headers}
    body = bytes(response.body)
    is_text = headers.get("content-type", "").startswith(TEXT_TYPES)
    return {
        "statusCode": response.status_code,
        "headers": headers,
        "multiValueHeaders": {},
        "body": body.decode() if is_text else base64.b64encode(body).decode(),
        "isBase64Encoded": bool(body) and not is_text,
    }
