"""Rights are asked for as on AWS: of roles, of workflows and of rules."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from cdk.local.cloud import RunningCloud
from tests.cloud.conftest import Client
from tests.cloud.functions import deploy, make_role

BUCKET = "rights"
OBJECTS = f"arn:aws:s3:::{BUCKET}/open/*"
DOUBLER = "def handler(event, context):\n    return 2 * event['number']\n"

Bucket = Callable[..., Any]


@pytest.fixture
def bucket(client: Client) -> str:
    """Return a bucket that refuses plain HTTP and holds ``open/a`` and ``secret/a``."""
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET)
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    for key in ("open/a", "secret/a"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"text")
    return BUCKET


def as_role(cloud: RunningCloud, client: Client, role: str) -> Any:  # noqa: ANN401 - an S3 client
    given = client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "s3",
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        ask()
    return str(caught.value.response["Error"]["Code"])


def test_a_role_reaches_the_keys_of_its_policy_and_no_other(
    running: RunningCloud, client: Client, bucket: str
) -> None:
    s3 = as_role(running, client, make_role(client, "reader", allow={"s3:GetObject": OBJECTS}))
    assert s3.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"text"
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="secret/a")) == "AccessDenied"
    assert refusal(lambda: s3.put_object(Bucket=bucket, Key="open/a")) == "AccessDenied"
    assert refusal(lambda: s3.list_objects_v2(Bucket=bucket)) == "AccessDenied"


def test_an_absent_object_is_refused_unless_the_role_may_list(
    running: RunningCloud, client: Client, bucket: str
) -> None:
    reads = {"s3:GetObject": OBJECTS}
    s3 = as_role(running, client, make_role(client, "asker", allow=reads))
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="open/b")) == "AccessDenied"
    assert refusal(lambda: s3.head_object(Bucket=bucket, Key="open/b")) == "403"
    make_role(client, "asker", allow=reads | {"s3:ListBucket": f"arn:aws:s3:::{bucket}"})
    assert refusal(lambda: s3.get_object(Bucket=bucket, Key="open/b")) == "NoSuchKey"
    assert refusal(lambda: s3.head_object(Bucket=bucket, Key="open/b")) == "404"


def make_machine(client: Client, function: str, *, may_call: str) -> str:
    """Make a workflow that calls `function`, with the right to call `may_call`."""
    task = {"Type": "Task", "Resource": function, "TimeoutSeconds": 20, "End": True}
    name = f"doubles-{uuid4().hex[:8]}"
    machine: str = client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Call", "States": {"Call": task}}),
        roleArn=make_role(client, name, allow={"lambda:InvokeFunction": may_call}),
    )["stateMachineArn"]
    return machine


def end_of(client: Client, execution: str) -> dict[str, Any]:
    for _ in range(200):
        found: dict[str, Any] = client("stepfunctions").describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.1)
    raise AssertionError("the execution does not end")


def test_a_workflow_calls_only_what_its_role_allows(client: Client) -> None:
    function = deploy(client, "doubler", DOUBLER).removesuffix(":live")
    states = client("stepfunctions")
    for may_call, status in ((function, "SUCCEEDED"), (f"{function}-other", "FAILED")):
        machine = make_machine(client, function, may_call=may_call)
        started = states.start_execution(stateMachineArn=machine, input='{"number": 2}')
        ended = end_of(client, started["executionArn"])
        assert ended["status"] == status
    assert ended["error"] == "Lambda.AWSLambdaException"
    assert "lambda:InvokeFunction" in ended["cause"]


def test_a_rule_starts_only_what_its_role_allows(client: Client) -> None:
    function = deploy(client, "started", DOUBLER).removesuffix(":live")
    machine = make_machine(client, function, may_call=function)
    events, states = client("events"), client("stepfunctions")
    events.put_rule(Name="start", EventPattern=json.dumps({"source": ["test.rights"]}))

    def starts_after_an_event(resource: str) -> int:
        role = make_role(client, "starter", allow={"states:StartExecution": resource})
        target = {"Id": "0", "Arn": machine, "RoleArn": role, "Input": '{"number": 2}'}
        events.put_targets(Rule="start", Targets=[target])
        event = {"Source": "test.rights", "DetailType": "Landed", "Detail": "{}"}
        events.put_events(Entries=[event])
        time.sleep(1)
        return len(states.list_executions(stateMachineArn=machine)["executions"])

    assert starts_after_an_event(f"{machine}-other") == 0
    assert starts_after_an_event(machine) == 1
