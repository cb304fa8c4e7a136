"""The endpoint as Lambda runs it: by AWS's own runtime client, stopped between calls."""

import json
import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from core.events import parse_lines
from core.store import Bucket, open_bucket
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.fixtures.lambda_host import LambdaHost, open_lambda
from tests.fixtures.servers import ROOT
from tests.unit.inference.fault_server import Fault, FaultyFirehose, serve_firehose
from tests.unit.inference.service import make_event

pytestmark = [
    pytest.mark.build,
    pytest.mark.skipif(
        sys.platform != "linux", reason="AWS builds its runtime client for Linux alone"
    ),
]

WAIT_S = 10.0
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


@dataclass
class World:
    """A function, and a stream that takes a record when the test lets it."""

    may_take: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    host: LambdaHost = field(init=False)
    firehose: FaultyFirehose = field(init=False)

    def next_fault(self) -> Fault:
        self.may_take.acquire(timeout=WAIT_S)
        return "none"

    def predict(self) -> str:
        body = json.dumps({"records": [make_record()]})
        answer = self.host.call(make_event("POST", "/v1/predict", body))
        assert answer["statusCode"] == 200, answer
        [prediction] = json.loads(answer["body"])["predictions"]
        return str(prediction["prediction_id"])

    def kept(self) -> list[str]:
        captures = [one for record in self.firehose.records for one in parse_lines(record)[0]]
        return [one.prediction_id for one in captures]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Bucket]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {**ACCOUNT, "AWS_ENDPOINT_URL_S3": endpoint}.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="data")
    yield endpoint, open_bucket("data")
    server.stop()


@pytest.fixture
def world(bucket: tuple[str, Bucket], clients_python: Path) -> Iterator[World]:
    endpoint, store = bucket
    make_champion(store, make_contract())
    world = World()
    with serve_firehose(world.next_fault) as world.firehose:
        environment = {
            **ACCOUNT,
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
            "BUCKET": "data",
            "CAPTURE_STREAM": "captures",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ENDPOINT_URL_FIREHOSE": world.firehose.url,
        }
        command = [str(clients_python), "-m", "awslambdaric", "lambdas.inference.handler.handler"]
        with open_lambda(command, environment, ROOT) as world.host:
            yield world


def test_caller_has_the_answer_before_it_is_kept_and_a_stopped_process_owes_nothing(
    world: World,
) -> None:
    ids: list[str] = []
    for _ in range(5):
        ids.append(world.predict())
        assert ids[-1] not in world.kept()
        world.may_take.release()
        world.host.stop_process()
        assert world.kept() == ids


def test_call_that_is_no_request_leaves_the_next_one_unharmed(world: World) -> None:
    answer: dict[str, Any] = world.host.call({"no": "request"})
    assert answer["errorType"] == "InvalidInputError"
    world.host.stop_process()
    world.may_take.release()
    kept = world.predict()
    world.host.stop_process()
    assert world.kept() == [kept]
