import json

import httpx
import pytest

from core import keys
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World
from training.data.simulator import BREAKS


@pytest.fixture(autouse=True)
def champion(world: World) -> None:
    make_champion(world.memory, make_contract())


def test_traffic_is_summed_up(loop: Loop, world: World) -> None:
    result = loop("traffic", "--requests", "7", "--rate", "1000", "--seed", "1", "--json")

    document = json.loads(result.stdout)
    assert document["requests"] == 7
    assert document["statuses"] == {"200": 7}
    assert document["latency_p50_ms"] <= document["latency_p99_ms"]
    assert len({request.content for request in world.requests}) == 7


def test_feedback_follows_the_answers(loop: Loop, world: World) -> None:
    result = loop("traffic", "--requests", "5", "--rate", "1000", "--feedback", "--json")

    assert json.loads(result.stdout)["feedback"] == {"accepted": 5, "duplicates": 0}
    outcomes = json.loads(world.requests[-1].content)["feedback"]
    assert {item["outcome"] for item in outcomes} <= {"yes", "no"}


def test_same_seed_sends_the_same_customers_to_a_broken_world(loop: Loop, world: World) -> None:
    common = ("traffic", "--requests", "3", "--rate", "1000", "--seed", "4")
    loop(*common)
    loop(*common)
    loop(*common, "--broken", next(iter(BREAKS)))

    bodies = [request.content for request in world.requests]
    assert bodies[:3] == bodies[3:6]
    assert bodies[:3] != bodies[6:]


def test_statuses_are_counted_when_the_api_refuses(loop: Loop, world: World) -> None:
    world.respond = lambda _request: httpx.Response(429)
    document = json.loads(loop("traffic", "--requests", "2", "--rate", "1000", "--json").stdout)
    assert document["statuses"] == {"429": 2}
    assert "--rate" in loop("traffic", "--requests", "1").stdout


def test_traffic_stops_after_its_seconds(loop: Loop) -> None:
    document = json.loads(
        loop("traffic", "--requests", "1000", "--rate", "5", "--seconds", "1", "--json").stdout
    )
    assert 1 <= document["requests"] <= 6


def test_api_that_cannot_be_reached_is_an_error(loop: Loop, world: World) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    world.respond = refuse
    result = loop("traffic", "--requests", "2", "--rate", "1000")

    assert result.exit_code == 6
    assert "Next: loop status" in result.stderr


def test_traffic_that_partly_fails_asks_to_look_at_the_system(loop: Loop, world: World) -> None:
    answer, sent = world.respond, iter(range(9))

    def refuse_later(request: httpx.Request) -> httpx.Response:
        if next(sent) > 1:
            raise httpx.ConnectError("refused", request=request)
        return answer(request)

    world.respond = refuse_later
    result = loop("traffic", "--requests", "4", "--rate", "1000")

    assert result.exit_code == 0
    assert "2 with 200, 2 with ConnectError" in result.stdout
    assert "Next: loop status" in result.stdout


@pytest.mark.parametrize(
    "arguments", [("--requests", "0"), ("--rate", "0"), ("--seconds", "100000")]
)
def test_rejects_traffic_without_bounds(arguments: tuple[str, ...], loop: Loop) -> None:
    assert loop("traffic", *arguments).exit_code == 2


def test_rejects_an_unknown_world(loop: Loop) -> None:
    result = loop("traffic", "--broken", "mars")

    assert result.exit_code == 2
    assert all(name in result.stderr for name in BREAKS)


def test_rejects_breaking_a_world_that_is_real(loop: Loop, world: World) -> None:
    contract = make_contract(dataset="bills")
    world.memory.put(keys.contract("bills"), contract.to_json())
    make_champion(world.memory, contract)
    result = loop("traffic", "--model", "bills", "--broken", next(iter(BREAKS)))

    assert result.exit_code == 2
    assert "real rows" in result.stderr
