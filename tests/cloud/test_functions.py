import json
import time
from typing import Any

import pytest

from tests.cloud.conftest import Client
from tests.cloud.functions import deploy, make_role

RAISER = """
import os
class Unreachable(Exception):
    pass
calls = 0
def handler(event, context):
    global calls
    calls += 1
    if calls <= event.get("failures", 0):
        raise Unreachable("try again")
    return {"calls": calls, "pid": os.getpid(), "names": sorted(os.environ)}
"""


def invoke(client: Client, name: str, **event: object) -> dict[str, Any]:
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    return result


def test_an_exception_keeps_its_name_and_the_process(client: Client) -> None:
    deploy(client, "raiser", RAISER)
    failed = invoke(client, "raiser:live", failures=1)
    assert (failed["errorType"], failed["errorMessage"]) == ("Unreachable", "try again")
    assert invoke(client, "raiser:live")["calls"] == 2


def test_a_typed_retry_matches_in_a_workflow(client: Client) -> None:
    arn = deploy(client, "retried", RAISER)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": {"failures": 1}},
        "Retry": [{"ErrorEquals": ["Unreachable"], "MaxAttempts": 2, "IntervalSeconds": 1}],
        "End": True,
    }
    workflows = client("stepfunctions")
    machine = workflows.create_state_machine(
        name="retries",
        definition=json.dumps({"StartAt": "Call", "States": {"Call": task}}),
        roleArn=make_role(client, "retries", allow={"lambda:InvokeFunction": arn}),
    )["stateMachineArn"]
    execution = workflows.start_execution(stateMachineArn=machine)["executionArn"]
    for _ in range(100):
        done = workflows.describe_execution(executionArn=execution)
        if done["status"] != "RUNNING":
            break
        time.sleep(0.1)
    assert done["status"] == "SUCCEEDED"
    assert json.loads(done["output"])["Payload"]["calls"] == 2


def test_sees_no_variable_of_the_emulator(client: Client) -> None:
    deploy(client, "curious", RAISER)
    names = invoke(client, "curious")["names"]
    assert {"AWS_ENDPOINT_URL_S3", "AWS_LAMBDA_FUNCTION_NAME"} <= set(names)
    assert not {"PYTHONPATH", "STATE_DIR", "GATEWAY_PORT", "S3_DATA_DIR"} & set(names)


@pytest.mark.parametrize(
    "dimensions",
    [{"FunctionName": "measured"}, {"FunctionName": "measured", "Resource": "measured:live"}],
)
def test_calls_are_measured_under_the_name_and_under_the_alias(
    client: Client, dimensions: dict[str, str]
) -> None:
    if "measured" not in {
        f["FunctionName"] for f in client("lambda").list_functions()["Functions"]
    }:
        deploy(client, "measured", RAISER)
        invoke(client, "measured:live", failures=1)
        invoke(client, "measured:live")
    found = client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
    )["Metrics"]
    names = {m["MetricName"] for m in found if len(m["Dimensions"]) == len(dimensions)}
    assert names == {"Invocations", "Errors", "Throttles", "Duration"}
