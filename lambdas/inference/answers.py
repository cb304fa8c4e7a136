"""Every answer's form: JSON that is written once, and errors that never repeat the input."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import ConflictError, LoopError, NotFoundError, UnavailableError
from core.strict_json import InvalidJsonError, parse_json
from lambdas.inference.deadline import LateError
from lambdas.inference.served import NoModelError
from lambdas.inference.web import GoneError, Request, Response, TooLargeError

MAX_BODY_BYTES = 1024 * 1024
MAX_ROWS = 1000
RETRY_AFTER_S = 5

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule and its place in the body."""

    place: tuple[str | int, ...]
    rule: str


class RequestError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status : int
        HTTP status, 4xx or 503.
    code : str
        A word for programs.
    message : str
        A sentence for people; nothing of the input.
    details : iterable of Problem
        The places and rules.
    headers : mapping of str to str
        What the answer says besides.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Iterable[Problem] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = headers or {}


def answer(content: object, *, status: int = 200) -> Response:
    """Write an answer."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Response(body, status, media_type=_JSON)


def answer_bytes(body: bytes) -> Response:
    """Answer with JSON that is written already."""
    return Response(body, media_type=_JSON)


def answer_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's form
    """Write the answer to any fault that was foreseen."""
    fault = to_request_error(error)
    details = [{"place": list(item.place), "rule": item.rule} for item in fault.details]
    response = answer(
        {"error": {"code": fault.code, "message": fault.message, "details": details}},
        status=fault.status,
    )
    add_headers(response, fault)
    return response


def add_headers(response: Response, fault: RequestError) -> None:
    """Add what the answer to a fault says beside its body, in any protocol."""
    if fault.status == 503:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    response.headers.update(fault.headers)


async def read_body(request: Request) -> bytes:
    """Read a request's body, once, whatever it is.

    Raises
    ------
    RequestError
        413 for a body over `MAX_BODY_BYTES`.
    """
    try:
        return await request.read(MAX_BODY_BYTES)
    except TooLargeError:
        message = f"A body may have at most {MAX_BODY_BYTES} bytes."
        raise RequestError(413, "too_large", message) from None


async def read_object(request: Request) -> Mapping[str, object]:
    """Read a request's body as a JSON object.

    Raises
    ------
    RequestError
        415 for another content type, 413 for a body over `MAX_BODY_BYTES`, 400 for what is not
        strict JSON, 422 for another thing than an object.
    """
    return parse_object(await read_json(request))


async def read_json(request: Request) -> bytes:
    """Read a request's body, which must be announced as JSON, without parsing it.

    Raises
    ------
    RequestError
        415 for another content type, 413 for a body over `MAX_BODY_BYTES`.
    """
    _check_content_type(request)
    return await read_body(request)


def parse_object(body: bytes) -> dict[str, object]:
    """Parse a strict JSON object, or raise `RequestError` 400 or 422."""
    content = parse_body(body)
    if not isinstance(content, dict):
        raise RequestError(422, "invalid_request", "The body must be a JSON object.")
    return content


def parse_body(body: bytes, *, nan_is_null: bool = False) -> object:
    """Parse strict JSON, or raise `RequestError` 400; see `core.strict_json.parse_json`."""
    try:
        return parse_json(body, max_bytes=MAX_BODY_BYTES, nan_is_null=nan_is_null)
    except InvalidJsonError as error:
        raise RequestError(400, "invalid_json", str(error)) from None


def read_rows(body: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """Read the one list of a body: 1 to `MAX_ROWS` JSON objects.

    Raises
    ------
    RequestError
        422 with the places and rules.
    """
    problems = []
    if body.keys() - {name}:
        problems.append(Problem((), f"holds a field other than {name!r}"))
    rows = body.get(name)
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ROWS:
        problems.append(Problem((name,), f"must be a list of 1 to {MAX_ROWS} objects"))
        raise invalid(problems)
    for position, row in enumerate(rows):
        if not isinstance(row, dict):
            problems.append(Problem((name, position), "must be an object"))
    if problems:
        raise invalid(problems[:100])
    return rows


def invalid(problems: Iterable[Problem]) -> RequestError:
    """Make the error for a request that breaks rules."""
    return RequestError(
        422, "invalid_request", "The request breaks the rules named in details.", problems
    )


def _check_content_type(request: Request) -> None:
    content_type = request.header("content-type") or _JSON
    encoding = request.header("content-encoding") or "identity"
    if content_type == _JSON and encoding == "identity":
        return
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    encoding = encoding.strip().lower()
    if (
        kind.strip().lower() != _JSON
        or charset not in ("", "charset=utf-8")
        or encoding != "identity"
    ):
        raise RequestError(
            415,
            "unsupported_media_type",
            "Send JSON: content-type application/json, UTF-8, not compressed.",
        )


def is_foreseen(error: Exception) -> bool:
    """Tell a fault that a caller or the cloud can have from a fault of ours."""
    return isinstance(error, RequestError | LoopError | GoneError)


def to_request_error(error: Exception) -> RequestError:
    """Say how any fault is answered, for a protocol to word."""
    match error:
        case RequestError():
            found = error
        case GoneError():
            # Nobody reads it: the caller has gone, or was too slow and is sent away. It is counted
            # as what nginx calls it: no fault of ours.
            found = RequestError(499, "caller_gone", "The caller has gone.")
        case NotFoundError():
            found = RequestError(404, "not_found", str(error))
        case NoModelError():
            found = RequestError(503, "no_model", str(error))
        case LateError():
            found = RequestError(504, "timeout", str(error))
        case ConflictError() | UnavailableError():
            message = "The service cannot answer just now; try again."
            found = RequestError(503, "unavailable", message)
        case _:
            found = RequestError(500, "internal_error", "The service has a fault.")
    return found
