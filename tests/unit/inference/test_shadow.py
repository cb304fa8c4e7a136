"""A shadow mirrors, and neither its answers nor its faults reach a caller."""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from core.contract import Column
from core.events import Capture
from core.records import Traffic
from core.registry import Registry
from core.trials import start_trial
from lambdas.inference import mirroring
from lambdas.inference.predictor import Predictor
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import CONTEXT, make_event
from tests.unit.inference.trial_world import (
    CONTRACT,
    MODEL,
    NAMES,
    World,
    break_graph,
    find_shadow,
    has_shadow,
    settle,
)


def test_trial_that_does_not_fit_its_champion_is_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.start(1.0, trial="shadow")
    other = make_contract(columns=[Column(name="age", kind="numeric")])
    # The champion is another, as after training with other columns; the shadow goes on.
    version = make_champion(world.store, other, run_id="run-3").version
    registry = Registry(world.store)
    registry.rollback(MODEL, reason="a try", changed_by="me")
    state = registry.alias(MODEL, "shadow")
    assert state is not None
    registry.move_alias(
        MODEL, "shadow", to=version, expected_revision=state.revision, reason="a try",
        changed_by="me", traffic=Traffic(1.0),
    )  # fmt: skip
    caplog.set_level(logging.WARNING)
    for _ in range(5):
        world.predict(None)
    assert caplog.text.count("cannot be tried") == 1
    assert world.counts["ShadowFailures"] == 1


def test_shadow_is_captured_beside_the_answer_and_seen_by_nobody(world: World) -> None:
    state = world.start(1.0, trial="shadow")
    world.models.get()
    settle(lambda: has_shadow(world))
    answer = world.predict("C-1", "C-2")
    assert answer["model_version"] == 2
    assert "arm" not in answer["predictions"][0]
    ids = [one["prediction_id"] for one in answer["predictions"]]
    kept = [one for one in world.captured() if one.prediction_id in ids]
    assert sorted((one.prediction_id, one.arm, one.model_version) for one in kept) == sorted(
        (one, arm, version) for one in ids for arm, version in (("champion", 2), ("shadow", 1))
    )
    shadows = [one for one in kept if one.arm == "shadow"]
    assert {one.experiment for one in shadows} == {state.experiment}
    assert all(one.took_ms is not None for one in kept)
    assert shadows[0].probabilities != answer["predictions"][0]["probability"]


def test_shadow_sees_its_share_of_the_requests(world: World) -> None:
    world.start(0.3, trial="shadow")
    settle(lambda: has_shadow(world))
    for _ in range(60):
        world.predict("C-1")
    arms = Counter(one.arm for one in world.captured())
    assert 0 < arms["shadow"] < 45
    assert arms["champion"] >= 60


def test_shadow_mirrors_what_a_challenger_answers_too(world: World) -> None:
    make_champion(world.store, CONTRACT, bias=3.0, run_id="run-3")
    Registry(world.store).rollback(MODEL, reason="worse", changed_by="test")
    world.start(1.0)
    start_trial(world.store, MODEL, "shadow", version=3, share=1.0, reason="a try", changed_by="me")
    settle(lambda: has_shadow(world))
    world.predict("C-1")
    last = max(one.prediction_id for one in world.captured())
    kept = {one.arm: one for one in world.captured() if one.prediction_id == last}
    assert {arm: one.model_version for arm, one in kept.items()} == {"challenger": 1, "shadow": 3}
    assert kept["shadow"].unit == kept["challenger"].unit


def test_no_fault_of_a_shadow_is_anybodys_but_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start(1.0, trial="shadow")
    monkeypatch.setattr(find_shadow(world), "score", lambda _: 1 / 0)
    assert world.predict("C-1")["model_version"] == 2
    assert world.counts["ShadowFailures"] == 1


def test_shadow_that_cannot_be_loaded_is_counted_once_in_a_while(world: World) -> None:
    world.start(1.0, trial="shadow")
    break_graph(world)
    settle(lambda: bool(world.models.get()) and world.counts["ShadowFailures"] > 0)
    for _ in range(20):
        assert world.predict("C-1")["model_version"] == 2
    assert world.counts["ShadowFailures"] == 1


@pytest.fixture
def slow_shadow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Shadows that answer when the test lets them."""
    go, answer = threading.Event(), mirroring._answer

    def wait(mirrored: mirroring.Mirrored) -> Any:  # noqa: ANN401 - as the original
        go.wait(10)
        return answer(mirrored)

    monkeypatch.setattr(mirroring, "_answer", wait)
    yield go
    go.set()


def test_caller_has_the_answer_before_the_shadow_is_asked(world: World) -> None:
    world.start(1.0, trial="shadow")
    settle(lambda: has_shadow(world))
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()]}))
    assert world.handler(event, CONTEXT)["statusCode"] == 200
    assert world.captured() == []
    world.work()
    assert sorted(one.arm for one in world.captured()) == ["champion", "shadow"]
    # What a shadow says is kept with the answer that it mirrors, at the price of one.
    assert len(list(world.store.list("captured/"))) == 1


def shadows_of(world: World) -> list[Capture]:
    return [one for one in world.captured() if one.arm == "shadow"]


def test_nobody_waits_for_a_shadow_on_a_server() -> None:
    world = World(beside=True)
    world.start(1.0, trial="shadow")
    settle(lambda: has_shadow(world))
    [answer] = world.predict("C-1")["predictions"]
    settle(lambda: bool(shadows_of(world)))
    [shadow] = shadows_of(world)
    assert shadow.prediction_id == answer["prediction_id"]
    # It has an object of its own: none of the two is written over.
    assert {one.arm for one in world.captured()} == {"champion", "shadow"}


def test_shadow_is_dropped_and_counted_when_too_many_wait(
    slow_shadow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "MAX_WAITING", 3)
    world = World(beside=True)
    world.start(1.0, trial="shadow")
    settle(lambda: has_shadow(world))
    for _ in range(10):
        assert world.predict("C-1")["model_version"] == 2
    assert world.counts["ShadowDropped"] in (6, 7)  # one may be in the thread's hands
    slow_shadow.set()


def test_what_waits_for_its_shadow_is_bounded_in_bytes_too(
    slow_shadow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "MAX_BYTES", 3000)
    world = World(beside=True)
    world.start(1.0, trial="shadow")
    settle(lambda: has_shadow(world))
    names = NAMES[:20]
    assert 1000 < len(json.dumps([make_record()] * len(names))) < 1500  # two of them fit, not three
    for _ in range(10):
        assert len(world.predict(*names)["predictions"]) == len(names)
    assert world.counts["ShadowDropped"] == 8
    slow_shadow.set()
    settle(lambda: len(shadows_of(world)) == 40)
    world.predict("C-1")  # there is room again
    settle(lambda: len(shadows_of(world)) == 41)


def test_shadow_beside_the_requests_is_asked_what_was_asked() -> None:
    world = World(beside=True)
    world.start(1.0, trial="shadow")
    settle(lambda: has_shadow(world))
    odd = make_record() | {"customer_id": "C-1", "usage": 2**70}
    world.post("/v1/predict", {"records": [odd, make_record()]})
    usages = {"columns": ["age", "usage"], "data": [[34, 34.5], [34, None]]}
    world.post("/invocations", {"dataframe_split": usages})
    settle(lambda: len(shadows_of(world)) == 4)
    asked = {one.prediction_id: one.features for one in world.captured() if one.arm != "shadow"}
    assert {one.prediction_id: one.features for one in shadows_of(world)} == asked


def test_shadow_is_dropped_and_counted_when_it_would_be_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirroring, "STALE_S", -1.0)
    world = World()
    world.start(1.0, trial="shadow")
    settle(lambda: has_shadow(world))
    world.predict("C-1")
    assert world.counts["ShadowDropped"] == 1
    assert shadows_of(world) == []


def test_shadow_that_takes_too_long_is_given_up_and_the_answer_is_captured(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start(1.0, trial="shadow")
    shadow, run = find_shadow(world), Predictor._run

    def run_slowly(predictor: Predictor, fed: dict[str, Any]) -> Any:  # noqa: ANN401 - scores
        if predictor is shadow:
            time.sleep(0.1)
        return run(predictor, fed)

    monkeypatch.setattr(Predictor, "_run", run_slowly)
    monkeypatch.setattr("lambdas.inference.predictor._ROWS_AT_ONCE", 1)
    monkeypatch.setattr(mirroring, "STALE_S", 0.3)
    began_s = time.monotonic()
    world.predict(*NAMES)  # 40 rows, 4 s for the shadow
    assert time.monotonic() - began_s < 2
    assert world.counts["ShadowDropped"] == 1
    assert Counter(one.arm for one in world.captured()) == {"champion": 40}
    world.predict("C-1")
    assert len(shadows_of(world)) == 1
