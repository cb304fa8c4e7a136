import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdk.local.emulators import open_cloud
from cdk.local.localstack import ENDPOINT_VARIABLE, find_python
from core.errors import UnavailableError
from tests.cloud.conftest import Client, client_of, use_free_port
from tests.cloud.functions import deploy, make_role
from tests.fixtures.ending import ending_with_tests

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
def localstack_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    try:
        find_python()
    except UnavailableError as error:
        pytest.skip(str(error))
    home = tmp_path_factory.mktemp("localstack")
    use_free_port(home, folder="localstack")
    with ending_with_tests(home, "localstack"):
        yield home


def test_runs_what_the_product_needs_without_docker(
    localstack_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENDPOINT_VARIABLE, raising=False)
    cloud = open_cloud(localstack_home, emulator="localstack")
    try:
        client = client_of(cloud.start(report=lambda _: None))
        check_functions(client)
        check_rules(client)
    finally:
        cloud.stop()
    assert cloud.health().state == "not running"


def check_functions(client: Client) -> None:
    """Call a function: its answer, its error, its metrics, and its own log group."""
    client("logs").create_log_group(logGroupName="own")
    deploy(client, "f", SOURCE)
    client("lambda").update_function_configuration(
        FunctionName="f", LoggingConfig={"LogGroup": "own"}
    )
    client("lambda").get_waiter("function_updated_v2").wait(FunctionName="f")
    answer = client("lambda").invoke(FunctionName="f", Payload=b'{"a": 1}')
    assert json.load(answer["Payload"]) == {"got": {"a": 1}}
    failed = client("lambda").invoke(FunctionName="f", Payload=b'{"fail": true}')
    assert json.load(failed["Payload"])["errorType"] == "KeyError"
    metrics = eventually(lambda: client("cloudwatch").list_metrics(Namespace="Test")["Metrics"])
    assert metrics[0]["MetricName"] == "Drift"
    assert eventually(lambda: client("logs").filter_log_events(logGroupName="own")["events"])


def check_rules(client: Client) -> None:
    """Send an event that a rule turns into the input of a state machine."""
    states = client("stepfunctions")
    role = make_role(client, "starter", allow={"states:StartExecution": "*"})
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = states.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["test"]}))
    transformer = {"InputPathsMap": {"k": "$.detail.key"}, "InputTemplate": '{"raw_key": <k>}'}
    target = {"Id": "1", "Arn": machine, "RoleArn": role, "InputTransformer": transformer}
    events.put_targets(Rule="r", Targets=[target])
    events.put_events(
        Entries=[{"Source": "test", "DetailType": "t", "Detail": json.dumps({"key": "raw/x"})}]
    )
    started = eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    described = states.describe_execution(executionArn=started[0]["executionArn"])
    assert json.loads(described["input"]) == {"raw_key": "raw/x"}


def eventually(look: Callable[[], list[dict[str, str]]]) -> list[dict[str, str]]:
    deadline = time.monotonic() + 10
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came within 10 seconds"
        time.sleep(0.2)
    return found
