import json
import time
from typing import Any

import httpx
import pytest

from cdk.local.cloud import RunningCloud
from tests.cloud.conftest import Client
from tests.cloud.functions import deploy
from tests.fixtures.pager import subscribe_queue

# A period as short as CloudWatch allows, so that a test sees the way to ALARM and back.
PERIOD_S = 10
EMITTER = """
import json, time
def handler(event, context):
    metrics = [{"Name": "Drift", "Unit": "None"}]
    directive = {"Namespace": "Test", "Dimensions": [["Stage"]], "Metrics": metrics}
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": about, "Stage": "dev", "Drift": event["drift"]}))
    if event.get("status"):
        return {"statusCode": event["status"], "body": ""}
"""
SERVER = """
def handler(event, context):
    return {"statusCode": int(event["queryStringParameters"]["status"]), "body": ""}
"""


def put_alarm(client: Client, name: str, **settings: object) -> None:
    client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "Statistic": "Maximum",
            "Period": PERIOD_S,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        }
        | settings
    )


def wait_for_state(client: Client, name: str, state: str, *, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if alarm["StateValue"] == state:
            return
        time.sleep(0.5)
    pytest.fail(f"{name} is {alarm['StateValue']} and not {state} after {timeout_s} s")


def topic_with_queue(client: Client, name: str) -> tuple[str, str]:
    topic = client("sns").create_topic(Name=name)["TopicArn"]
    url, _ = subscribe_queue(client, topic, name=name)
    return topic, url


def states_received(client: Client, url: str) -> list[str]:
    answer = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
    return [json.loads(body["Message"])["NewStateValue"] for body in bodies]


def test_a_log_line_drives_an_alarm_there_and_back_with_one_message_each(client: Client) -> None:
    deploy(client, "emitter", EMITTER)
    topic, url = topic_with_queue(client, "drift-alarm")
    put_alarm(
        client,
        "drift",
        Namespace="Test",
        MetricName="Drift",
        Dimensions=[{"Name": "Stage", "Value": "dev"}],
        Threshold=0.25,
        AlarmActions=[topic],
        OKActions=[topic],
    )
    wait_for_state(client, "drift", "OK", timeout_s=10)
    assert states_received(client, url) == ["OK"]
    client("sqs").purge_queue(QueueUrl=url)
    client("lambda").invoke(FunctionName="emitter", Payload=json.dumps({"drift": 0.3}).encode())
    wait_for_state(client, "drift", "ALARM", timeout_s=10)
    wait_for_state(client, "drift", "OK", timeout_s=3 * PERIOD_S + 5)
    time.sleep(5)
    assert states_received(client, url) == ["ALARM", "OK"]


def test_waiting_messages_raise_an_alarm(client: Client) -> None:
    url = client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    put_alarm(
        client,
        "dead-letters",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead-letters"}],
        Threshold=1,
    )
    wait_for_state(client, "dead-letters", "OK", timeout_s=10)
    client("sqs").send_message(QueueUrl=url, MessageBody="lost")
    wait_for_state(client, "dead-letters", "ALARM", timeout_s=10)


def rest_api(client: Client, function_arn: str) -> str:
    apis = client("apigateway")
    api = apis.create_rest_api(name="measured-api")["id"]
    (root,) = apis.get_resources(restApiId=api)["items"]
    place = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    apis.put_method(**place, authorizationType="NONE")
    uri = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    )
    apis.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    apis.create_deployment(restApiId=api, stageName="live")
    return str(api)


def sums(client: Client, names: list[str], dimensions: dict[str, str]) -> dict[str, Any]:
    now = time.time()
    found = {}
    for name in names:
        points = client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - 300,
            EndTime=now + 60,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        found[name] = sum(point["Sum"] for point in points)
    return found


def test_requests_are_measured_by_api_and_stage(client: Client, running: RunningCloud) -> None:
    api = rest_api(client, deploy(client, "server", SERVER))
    for status in (200, 200, 404, 500):
        answer = httpx.get(running.api_url(api, "live") + "/", params={"status": status})
        assert answer.status_code == status
    names = ["Count", "4XXError", "5XXError"]
    for dimensions in (
        {"ApiName": "measured-api"},
        {"ApiName": "measured-api", "Stage": "live"},
    ):
        seen = sums(client, names, dimensions)
        assert seen == {"Count": 4.0, "4XXError": 1.0, "5XXError": 1.0}
