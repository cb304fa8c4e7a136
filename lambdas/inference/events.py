"""API Gateway's events as requests, and responses as what it wants back.

What Mangum does for any application, for routes whose request is all there and whose response is
one piece; a test holds the two together.
"""

import base64
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from lambdas.inference.web import Request, Response, TooLargeError

STAGE_PATH = "/live"
"""The API's stage; some gateways leave it in the path."""

TEXT_TYPES = ("text/", "application/json", "application/schema+json")
"""Answers of these media types go out as text; all others in base64."""

MAX_ANSWER_BYTES = 6_291_556
"""What Lambda passes on of an answer, as JSON; more is an error of the function.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

# A letter takes 6 bytes of JSON at most, and the headers take a few hundred: nearly no answer has
# to be written twice to be measured.
_SURELY_FITS = MAX_ANSWER_BYTES // 8


class EventRequest(Request):
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
        super().__init__(event["httpMethod"], path)
        self._event = event
        self._body = body

    @cached_property
    def headers(self) -> Mapping[str, str]:
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

    def header(self, name: str) -> str | None:
        """Return one header by its name in lower case, without reading all of them."""
        size = len(name)
        for found, value in (self._event.get("headers") or {}).items():
            if len(found) == size and found.lower() == name and value is not None:
                values = (self._event.get("multiValueHeaders") or {}).get(found)
                return ", ".join(values) if values and len(values) > 1 else value
        return None

    async def read(self, max_bytes: int) -> bytes:
        """Return the body, or raise `TooLargeError`."""
        if len(self._body) > max_bytes:
            raise TooLargeError
        return self._body


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
    headers = response.headers
    body = response.body
    is_text = headers.get("content-type", "").startswith(TEXT_TYPES)
    return {
        "statusCode": response.status_code,
        "headers": headers,
        "multiValueHeaders": {},
        "body": body.decode() if is_text else base64.b64encode(body).decode(),
        "isBase64Encoded": bool(body) and not is_text,
    }


def is_too_large(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer is more than Lambda passes on."""
    if len(answer["body"]) < _SURELY_FITS:
        return False
    # As Lambda's own runtime client writes it.
    return len(json.dumps(answer, ensure_ascii=False).encode()) > MAX_ANSWER_BYTES
