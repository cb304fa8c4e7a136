import json
import time
from pathlib import Path

import pytest

from cdk.local.cloud import open_cloud
from cdk.local.localstack import ENDPOINT_VARIABLE, find_python
from core.errors import UnavailableError
from tests.cloud.conftest import client_of, use_free_port
from tests.cloud.functions import deploy

SOURCE = """
import json, time
def handler(event, context):
    if event.get("fail"):
        raise KeyError("lost")
    directive = {"Namespace": "Test", "Dimensions": [[]], "Metrics": [{"Name": "Drift"}]}
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": about, "Drift": 1}))
    return {"got": event}
"""


@pytest.fixture(scope="module")
def localstack_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        find_python()
    except UnavailableError as error:
        pytest.skip(str(error))
    home = tmp_path_factory.mktemp("localstack")
    use_free_port(home, folder="localstack")
    return home


def test_runs_functions_without_docker(
    localstack_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENDPOINT_VARIABLE, raising=False)
    cloud = open_cloud(localstack_home, emulator="localstack")
    try:
        client = client_of(cloud.start(report=lambda _: None))
        deploy(client, "f", SOURCE)
        client("lambda").get_waiter("function_active_v2").wait(FunctionName="f")
        answer = client("lambda").invoke(FunctionName="f", Payload=b'{"a": 1}')
        assert json.load(answer["Payload"]) == {"got": {"a": 1}}
        failed = client("lambda").invoke(FunctionName="f", Payload=b'{"fail": true}')
        assert json.load(failed["Payload"])["errorType"] == "KeyError"
        deadline = time.monotonic() + 10
        while not (found := client("cloudwatch").list_metrics(Namespace="Test")["Metrics"]):
            assert time.monotonic() < deadline, "the log line did not become a metric"
            time.sleep(0.2)
        assert found[0]["MetricName"] == "Drift"
    finally:
        cloud.stop()
    assert cloud.health().state == "not running"
