import json
from types import SimpleNamespace

import pytest

from cdk.local.mends.localstack import log_group_name, start_execution


class FakeClient:
    def __init__(self) -> None:
        self.started: list[dict[str, str]] = []

    def start_execution(self, **arguments: str) -> None:
        self.started.append(arguments)


def test_starts_each_execution_under_a_name_of_its_own_when_the_input_has_no_id() -> None:
    client = FakeClient()
    sender = SimpleNamespace(target={"Arn": "arn:machine"}, client=client, service="states")
    send_event = start_execution(json.dumps)
    for _ in range(2):
        send_event(sender, {"raw_key": "raw/x/1-x.csv"}, None)
    first, second = client.started
    assert first["stateMachineArn"] == "arn:machine"
    assert json.loads(first["input"]) == {"raw_key": "raw/x/1-x.csv"}
    assert first["name"] != second["name"]


@pytest.mark.parametrize(
    ("configured", "expected"),
    [({"LogGroup": "group"}, "group"), ({}, "/aws/lambda/f"), (None, "/aws/lambda/f")],
)
def test_logs_where_the_function_is_configured_to(
    configured: dict[str, str] | None, expected: str
) -> None:
    version = SimpleNamespace(
        config=SimpleNamespace(logging_config=configured), id=SimpleNamespace(function_name="f")
    )
    assert log_group_name(SimpleNamespace(function_version=version)) == expected
