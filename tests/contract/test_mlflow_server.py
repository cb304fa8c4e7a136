"""The same requests to MLflow's own scoring server, on the same bundle, and to the service."""

import asyncio
import json
import os
from collections.abc import Iterator

import httpx
import pytest
from starlette.types import ASGIApp

from core.mlmodel import describe_mlflow_model
from tests.fixtures.bundles import make_champion, make_contract
from tests.fixtures.mlflow_client import mlflow
from tests.fixtures.servers import write_bundle
from tests.unit.inference.service import Service

TENSORS = {"numeric": [[40, 10.5, 1], [20, 3, 0]], "strings": [["pro"], ["basic"]]}
SPLIT = {"columns": ["age", "plan"], "data": [[40, "pro"]]}
JSON = "application/json"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    from mlflow.pyfunc import scoring_server  # noqa: PLC0415 - after MLflow was quieted

    folder = write_bundle(make_contract(), tmp_path_factory.mktemp("mlflow"))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    files = describe_mlflow_model(
        make_contract(), graph_sha256=manifest["graph_sha256"], python="3.11", packages={}
    )
    for name, body in files.items():
        (folder / name).write_bytes(body)
    before = dict(os.environ)
    yield scoring_server.init(mlflow.pyfunc.load_model(str(folder)))
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def ours() -> ASGIApp:
    service = Service()
    make_champion(service.store, make_contract())
    return service.app


def ask(
    app: ASGIApp, method: str, path: str, body: str | None = None, content_type: str = JSON
) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {} if body is None else {"content-type": content_type}
            return await client.request(method, path, content=body, headers=headers)

    return asyncio.run(send())


def test_tensors_are_answered_alike(theirs: ASGIApp, ours: ASGIApp) -> None:
    body = json.dumps({"inputs": TENSORS})
    wanted = ask(theirs, "POST", "/invocations", body)
    found = ask(ours, "POST", "/invocations", body)
    assert (found.status_code, wanted.status_code) == (200, 200)
    [expected] = wanted.json()["predictions"].values()
    assert list(wanted.json()["predictions"]) == list(found.json()["predictions"])
    for row, expected_row in zip(
        found.json()["predictions"]["probabilities"], expected, strict=True
    ):
        assert row == pytest.approx(expected_row, abs=1e-7)


@pytest.mark.parametrize("path", ["/ping", "/health", "/version"])
def test_health_has_the_same_status(theirs: ASGIApp, ours: ASGIApp, path: str) -> None:
    assert ask(theirs, "GET", path).status_code == ask(ours, "GET", path).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("age\n1\n", "text/plain"),
        ("{}", "application/json; charset=latin-1"),
        ("{}", "application/json; version=2"),
        ("age\n1\n", "text/csv; header=present"),
        ("{", JSON),
        ("", JSON),
        ("[]", JSON),
        ('"text"', JSON),
        ("7", JSON),
        ("{}", JSON),
        (json.dumps(SPLIT), JSON),
        (json.dumps({"dataframe_split": SPLIT, "inputs": TENSORS}), JSON),
        (json.dumps({"instances": [1], "inputs": TENSORS}), JSON),
        (json.dumps({"dataframe_split": {"columns": ["age"], "data": [[1, 2]]}}), JSON),
        (json.dumps({"dataframe_split": []}), JSON),
        (json.dumps({"dataframe_records": 7}), JSON),
        (json.dumps({"inputs": {"numeric": [[1, 2]], "strings": [["pro"]]}}), JSON),
        (json.dumps({"inputs": {"strings": [["pro"]]}}), JSON),
        (json.dumps({"inputs": 7}), JSON),
        ("", "text/csv"),
    ],
)
def test_wrong_request_has_the_same_status_and_form(
    theirs: ASGIApp, ours: ASGIApp, body: str, content_type: str
) -> None:
    wanted = ask(theirs, "POST", "/invocations", body, content_type)
    found = ask(ours, "POST", "/invocations", body, content_type)
    assert found.status_code == wanted.status_code
    assert found.status_code in (400, 415)
    kinds = [reply.headers["content-type"].partition(";")[0] for reply in (wanted, found)]
    assert kinds[0] == kinds[1]
    if found.status_code == 400:
        assert set(found.json()) <= set(wanted.json())
        assert found.json()["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize(("method", "path"), [("GET", "/invocations"), ("POST", "/ping")])
def test_wrong_method_has_the_same_status(
    theirs: ASGIApp, ours: ASGIApp, method: str, path: str
) -> None:
    assert ask(theirs, method, path).status_code == ask(ours, method, path).status_code == 405
