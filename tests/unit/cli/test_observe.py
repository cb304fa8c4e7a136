import json
from datetime import UTC, datetime

import pytest

from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def alarms(world: World) -> None:
    world.cloudwatch.alarms = [
        {"AlarmName": "closed-loop-dev-a", "StateValue": "OK", "StateReason": "all is well"},
        {
            "AlarmName": "closed-loop-dev-drift",
            "StateValue": "ALARM",
            "StateReason": "0.4 is above 0.25",
            "StateUpdatedTimestamp": SINCE,
        },
    ]


def test_raised_alarms_come_first_with_their_reason(loop: Loop) -> None:
    found = json.loads(loop("alarms", "--json").stdout)["alarms"]

    assert [(a["name"], a["state"]) for a in found] == [("drift", "ALARM"), ("a", "OK")]
    shown = loop("alarms").stdout
    assert "0.4 is above 0.25" in shown
    assert "all is well" not in shown


def test_logs_come_in_the_order_of_time(loop: Loop, world: World) -> None:
    world.logs.events = [
        {"timestamp": 2000, "message": "later\n"},
        {"timestamp": 1000, "message": "earlier\n"},
    ]
    lines = json.loads(loop("logs", "predict", "--since", "1h", "--json").stdout)["lines"]

    assert [line["message"] for line in lines] == ["earlier", "later"]
    assert lines[0]["function"] == "closed-loop-dev-predict"


def test_no_log_line_names_a_longer_time(loop: Loop) -> None:
    assert "loop logs --since 1h" in loop("logs").stdout


def test_rejects_an_unknown_function(loop: Loop) -> None:
    result = loop("logs", "nothing")

    assert result.exit_code == 3
    assert "Functions: Predictor." in result.stderr
    assert loop("logs", "Predictor").exit_code == 0


@pytest.mark.parametrize("since", ["", "10", "m10", "1w", "-5m"])
def test_rejects_a_time_that_is_none(since: str, loop: Loop) -> None:
    assert loop("logs", f"--since={since}").exit_code == 2


def test_status_is_one_document_of_everything(loop: Loop, world: World) -> None:
    make_champion(world.memory, make_contract())
    document = json.loads(loop("status", "--json").stdout)

    assert document["api_url"] == "http://127.0.0.1:4566/api/live"
    assert document["api_healthy"] is True
    assert document["models"][0]["model"] == "subscriptions"
    assert document["alarms"] == {"ALARM": 1, "OK": 1}
    assert set(document["stacks"].values()) == {"CREATE_COMPLETE"}
    assert "1 ALARM, 1 OK" in loop("status").stdout


def test_status_names_the_next_command_when_there_is_no_model(loop: Loop) -> None:
    assert "loop data add subscriptions" in loop("status").stdout


def test_status_names_make_up_when_a_stack_is_missing(loop: Loop, world: World) -> None:
    del world.formation.stacks["closed-loop-dev-inference"]
    result = loop("status")

    assert result.exit_code == 6
    assert "4 of 5 stacks" in result.stderr
    assert "Next: make up" in result.stderr
