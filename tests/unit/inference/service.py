"""The service over a store in memory, asked as API Gateway asks it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from core.store import ObjectStore, open_memory
from lambdas.inference.capture import Recorder
from lambdas.inference.handler import Handler, make_handler
from lambdas.inference.models import Models
from lambdas.inference.router import Router
from lambdas.inference.table import make_router

if TYPE_CHECKING:
    from mangum.types import LambdaContext

CONTEXT = cast("LambdaContext", None)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.text)


@dataclass
class Service:
    """An inference service for one test."""

    store: ObjectStore = field(default_factory=open_memory)
    refresh_s: float = 0.0
    share: float = 1.0
    now_s: float = 1000.0
    app: Router = field(init=False)
    models: Models = field(init=False)
    handler: Handler = field(init=False)

    def __post_init__(self) -> None:
        self.models = Models(self.store, refresh_s=self.refresh_s)
        recorder = Recorder(self.store, stage="dev", share=self.share, clock=lambda: self.now_s)
        self.app = make_router(models=self.models, recorder=recorder)
        self.handler = make_handler(self.app)

    def get(self, path: str) -> Reply:
        return self.send(make_event("GET", path))

    def post(self, path: str, content: object) -> Reply:
        return self.send(make_event("POST", path, json.dumps(content)))

    def post_bytes(
        self, path: str, content: Mapping[str, object], *parts: bytes, size: str | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Send JSON and tensors' bytes; return the answer's JSON with its status, and its bytes."""
        head = json.dumps(content).encode()
        headers = {
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(head)) if size is None else size,
        }
        body = base64.b64encode(head + b"".join(parts)).decode()
        event = make_event("POST", path, body, headers=headers, is_base64=True)
        answer = self.handler(event, CONTEXT)
        text: str = answer["body"]
        raw = base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()
        end = int(answer["headers"].get("inference-header-content-length", len(raw)))
        return {"status": answer["statusCode"], **json.loads(raw[:end])}, raw[end:]

    def send(self, event: dict[str, Any]) -> Reply:
        answer = self.handler(event, CONTEXT)
        return Reply(answer["statusCode"], answer["headers"], answer["body"])


def make_event(
    method: str,
    path: str,
    body: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    is_base64: bool = False,
) -> dict[str, Any]:
    """Make a REST API (version 1) proxy event."""
    path, _, query = path.partition("?")
    queries = dict(part.split("=", 1) for part in query.split("&") if part)
    sent = {"Host": "abc.execute-api.eu-west-1.amazonaws.com", "x-api-key": "key"}
    if body is not None:
        sent["Content-Type"] = "application/json"
    sent |= headers or {}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": queries or None,
        "multiValueQueryStringParameters": {n: [v] for n, v in queries.items()} or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "stage": "live",
            "path": f"/live{path}",
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }
