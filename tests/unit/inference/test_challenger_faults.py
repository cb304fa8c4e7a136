"""Whatever happens to a challenger, the champion answers."""

import json
from collections import Counter

import numpy as np
import pytest

from core.contract import Column
from core.inputs import ModelInputs
from core.records import Traffic
from core.registry import Registry
from lambdas.inference.deadline import LateError
from lambdas.inference.served import Served
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import CONTEXT, make_event
from tests.unit.inference.trial_world import (
    CONTRACT,
    MODEL,
    NAMES,
    World,
    break_graph,
    expect,
    settle,
)


def test_champion_answers_when_the_challenger_cannot_be_loaded(world: World) -> None:
    state = world.start(0.5)
    break_graph(world)
    answer = world.predict(*NAMES)
    assert {one["arm"] for one in answer["predictions"]} == {"champion"}
    assert answer["model_version"] == 2
    assert world.counts["ChallengerFailures"] == 1
    meant = Counter(expect(state, name) for name in NAMES)
    arms = Counter(one.arm for one in world.captured())
    assert arms == {"champion": meant["champion"], "fallback": meant["challenger"]}


def test_champion_answers_when_the_challenger_has_another_contract(world: World) -> None:
    other = make_contract(columns=[Column(name="height", kind="numeric")])
    version = make_champion(world.store, other, run_id="run-3").version
    registry = Registry(world.store)
    registry.rollback(MODEL, reason="a test", changed_by="test")
    # Past the check of the command, as another program may.
    registry.move_alias(
        MODEL, "challenger", to=version, expected_revision=0, reason="a test", changed_by="test",
        traffic=Traffic(1.0, against=2),
    )  # fmt: skip
    settle(lambda: has_challenger(world))
    answer = world.predict("C-1")
    assert (answer["model_version"], answer["predictions"][0]["arm"]) == (2, "champion")
    assert {one.arm for one in world.captured()} == {"fallback"}


def has_challenger(world: World) -> bool:
    rollout = world.models.get().rollout
    return bool(rollout and rollout.challenger)


@pytest.mark.parametrize("fault", [RuntimeError("no"), MemoryError(), ValueError("secret value")])
def test_champion_answers_when_the_challenger_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    world.start(1.0)
    served = get_challenger(world)

    def fail(_inputs: ModelInputs) -> None:
        raise fault

    monkeypatch.setattr(served.predictor, "score", fail)
    answer = world.predict(*NAMES)
    assert {one["arm"] for one in answer["predictions"]} == {"champion"}
    assert world.counts["ChallengerFailures"] == 1
    assert {one.arm for one in world.captured()} == {"fallback"}


def test_champion_answers_when_the_challenger_has_no_finite_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start(1.0)
    served = get_challenger(world)
    monkeypatch.setattr(served.predictor, "score", lambda x: np.full((len(x), 2), np.nan))
    assert world.predict("C-1")["model_version"] == 2


def test_answer_is_late_when_the_challenger_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start(1.0)

    def be_late(_inputs: ModelInputs) -> None:
        raise LateError

    monkeypatch.setattr(get_challenger(world).predictor, "score", be_late)
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()]}))
    assert world.handler(event, CONTEXT)["statusCode"] == 504


def get_challenger(world: World) -> Served:
    world.models.get()
    rollout = world.models.get().rollout
    assert rollout is not None
    assert rollout.challenger is not None
    assert rollout.challenger.served is not None
    return rollout.challenger.served


def test_split_goes_on_when_the_registry_is_down(world: World) -> None:
    world.start(1.0)
    assert world.predict("C-1")["model_version"] == 1
    world.store.down = ("registry/",)
    assert world.predict("C-1")["model_version"] == 1


def test_a_promotion_ends_a_split_at_once_and_its_rollback_goes_on(world: World) -> None:
    world.start(1.0)
    registry = Registry(world.store)
    assert world.predict("C-1")["model_version"] == 1
    version = make_champion(world.store, CONTRACT, bias=3.0, run_id="run-3").version
    assert version == 3
    answer = world.predict("C-1")
    assert answer["model_version"] == 3
    assert "arm" not in answer["predictions"][0]
    registry.rollback(MODEL, reason="worse", changed_by="test")
    settle(lambda: world.predict("C-1")["model_version"] == 1)
