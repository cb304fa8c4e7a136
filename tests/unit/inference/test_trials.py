"""A challenger answers its share, a shadow mirrors, and no fault of theirs reaches a caller."""

import itertools
import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from core import keys
from core.assignment import draw
from core.captures import read_captures
from core.contract import Column, Task
from core.events import Capture
from core.inputs import ModelInputs
from core.records import AliasState, Traffic
from core.registry import Registry
from core.rollout import TrialName
from core.store import open_memory
from core.trials import start_trial
from lambdas.inference import mirroring
from lambdas.inference.capture import Recorder
from lambdas.inference.deadline import LateError
from lambdas.inference.handler import Handler, make_handler
from lambdas.inference.models import Models
from lambdas.inference.predictor import Predictor
from lambdas.inference.served import Served
from lambdas.inference.table import make_router
from lambdas.inference.trials import Trying
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.service import CONTEXT, make_event

CONTRACT = make_contract()
MODEL = CONTRACT.dataset
NAMES = [f"C-{number}" for number in range(40)]


@dataclass
class World:
    """A service with versions 1, the champion, and 2; every request looks at the aliases.

    It works after its answers, as on Lambda, or beside the requests, as on a server.
    """

    task: Task = "binary"
    columns: tuple[Column, ...] = ()
    beside: bool = False
    works: deque[Callable[[], None]] = field(default_factory=deque)
    store: FaultyStore = field(default_factory=lambda: FaultyStore(open_memory()))
    counts: Counter[str] = field(default_factory=Counter)
    models: Models = field(init=False)
    handler: Handler = field(init=False)

    def __post_init__(self) -> None:
        contract = make_contract(task=self.task, columns=self.columns)
        for number in (2, 1):
            make_champion(self.store, contract, bias=float(number), run_id=f"run-{number}")
        self.versions = Registry(self.store).versions(MODEL)
        later = None if self.beside else self.works.append
        recorder = Recorder(self.store, stage="dev", share=1.0, later=later, emit=self.emit)
        self.models = Models(
            self.store,
            refresh_s=0.0,
            trying=Trying(lambda metric, model: recorder.count(metric, 1, model=model), later),
        )
        self.handler = make_handler(make_router(models=self.models, recorder=recorder))

    def emit(self, metrics: dict[str, tuple[float, str]], *, dimensions: dict[str, str]) -> None:
        if "Model" in dimensions:
            for name, (value, _) in metrics.items():
                self.counts[name] += int(value)

    def start(self, share: float, *, trial: TrialName = "challenger") -> AliasState:
        return start_trial(
            self.store, MODEL, trial, version=1, share=share, reason="a try", changed_by="me"
        )

    def post(
        self, path: str, content: object, *, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        event = make_event("POST", path, json.dumps(content), headers=headers)
        answer = self.handler(event, CONTEXT)
        self.work()
        assert answer["statusCode"] == 200, answer["body"]
        found: dict[str, Any] = json.loads(answer["body"])
        return found

    def work(self) -> None:
        """Do what the answers have left to do."""
        with suppress(IndexError):
            while True:
                self.works.popleft()()

    def predict(self, *names: object, key: str | None = None) -> dict[str, Any]:
        records = [
            make_record() | ({} if name is None else {"customer_id": name}) for name in names
        ]
        headers = {"X-Split-Key": key} if key else None
        return self.post("/v1/predict", {"records": records}, headers=headers)

    def captured(self) -> list[Capture]:
        now = datetime.now(UTC)
        found = read_captures(
            self.store, now - timedelta(minutes=5), now + timedelta(minutes=5), model=MODEL
        )
        assert not found.broken
        return found.captures


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.fixture
def world() -> World:
    return World()


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


def expect(state: AliasState, name: str) -> str:
    place = draw(f"{MODEL}/{state.experiment}", name).place
    return "challenger" if place < (state.share or 0) else "champion"


def test_rows_are_answered_by_the_arm_that_their_identifier_draws(world: World) -> None:
    state = world.start(0.4)
    answer = world.predict(*NAMES)
    arms = [one["arm"] for one in answer["predictions"]]
    assert arms == [expect(state, name) for name in NAMES]
    assert 0 < arms.count("challenger") < len(NAMES)
    for name, one in zip(NAMES, answer["predictions"], strict=True):
        assert one["model_version"] == (1 if one["arm"] == "challenger" else 2)
        # The same alone as in company, and each version says what it says alone.
        alone = world.predict(name)
        assert (alone["predictions"][0]["arm"], alone["model_version"]) == (
            one["arm"], one["model_version"],
        )  # fmt: skip
        assert alone["predictions"][0]["probability"] == one["probability"]
    assert answer["model_version"] == 2
    assert len({json.dumps(one["probability"]) for one in answer["predictions"]}) == 2


def test_raising_the_share_moves_callers_to_the_challenger_only(world: World) -> None:
    seen = []
    for share in (0.2, 0.6, 1.0):
        world.start(share)
        answer = world.predict(*NAMES)
        seen.append(
            {n for n, one in zip(NAMES, answer["predictions"], strict=True)
             if one["arm"] == "challenger"}
        )  # fmt: skip
    assert seen[0] < seen[1] < seen[2] == set(NAMES)


def test_header_names_the_caller_when_the_rows_do_not(world: World) -> None:
    state = world.start(0.5)
    for name in NAMES[:10]:
        answer = world.predict(None, None, key=name)
        assert {one["arm"] for one in answer["predictions"]} == {expect(state, name)}
    ids = {one["prediction_id"]: one["arm"] for one in world.predict(*[None] * 20)["predictions"]}
    assert all(arm == expect(state, prediction_id) for prediction_id, arm in ids.items())


def test_answers_are_as_ever_while_nothing_is_tried(world: World) -> None:
    answer = world.predict("C-1")
    assert "arm" not in answer["predictions"][0]
    world.start(0.5)
    world.start(0.0)
    assert "arm" not in world.predict("C-1")["predictions"][0]
    [one, other] = world.captured()
    assert (one.arm, one.experiment, one.unit) == ("champion", None, None)
    assert "customer_id" not in one.features
    assert other.features == make_record()


def test_captures_tell_arm_experiment_share_and_unit(world: World) -> None:
    state = world.start(0.4)
    answer = world.predict(*NAMES)
    captured = {one.prediction_id: one for one in world.captured()}
    for name, one in zip(NAMES, answer["predictions"], strict=True):
        kept = captured[one["prediction_id"]]
        assert (kept.arm, kept.model_version) == (one["arm"], one["model_version"])
        assert (kept.experiment, kept.share) == (state.experiment, 0.4)
        assert kept.unit == draw(f"{MODEL}/{state.experiment}", name).unit
        assert kept.probabilities == one["probability"]
        assert kept.took_ms is not None
        assert "customer_id" not in kept.features


@pytest.mark.parametrize("name", [True, ["C-1"], {"a": 1}])
def test_rejects_an_identifier_that_is_no_name(world: World, name: object) -> None:
    event = make_event(
        "POST", "/v1/predict", json.dumps({"records": [make_record() | {"customer_id": name}]})
    )
    answer = world.handler(event, CONTEXT)
    assert answer["statusCode"] == 422
    [detail] = json.loads(answer["body"])["error"]["details"]
    assert detail["place"] == ["records", 0, "customer_id"]
    table = {"dataframe_records": [make_record() | {"customer_id": name}]}
    answer = world.handler(make_event("POST", "/invocations", json.dumps(table)), CONTEXT)
    assert answer["statusCode"] == 400
    assert "customer_id" in json.loads(answer["body"])["message"]


def test_a_broken_rule_is_told_at_its_own_row(world: World) -> None:
    world.start(0.5)
    records = [make_record() | {"customer_id": name} for name in NAMES]
    records[7]["age"] = "forty"
    event = make_event("POST", "/v1/predict", json.dumps({"records": records}))
    answer = world.handler(event, CONTEXT)
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["details"][0]["place"] == ["records", 7, "age"]


def test_warnings_stay_with_their_rows(world: World) -> None:
    world.start(0.5)
    records = [make_record() | {"customer_id": name} for name in NAMES]
    records[5]["plan"] = records[33]["plan"] = "unheard of"
    found = world.post("/v1/predict", {"records": records})["predictions"]
    assert [row for row, one in enumerate(found) if one["warnings"]] == [5, 33]


def test_open_inference_protocol_is_split_by_its_identifier_tensor(world: World) -> None:
    state = world.start(0.4)
    answer = world.post("/v2/models/subscriptions/infer", make_tensors(NAMES))
    arms = [expect(state, name) for name in NAMES]
    assert answer["parameters"] == {
        "arms": ",".join(arms),
        "model_versions": ",".join("1" if arm == "challenger" else "2" for arm in arms),
    }
    assert answer["model_version"] == "2"


def test_a_version_that_is_named_is_not_split(world: World) -> None:
    world.start(1.0)
    for version in ("1", "2"):
        path = f"/v2/models/subscriptions/versions/{version}/infer"
        answer = world.post(path, make_tensors(NAMES[:3]))
        assert answer["model_version"] == version
        assert "parameters" not in answer
    assert {one.experiment for one in world.captured()} == {None}
    metadata = world.handler(make_event("GET", "/v2/models/subscriptions"), CONTEXT)
    assert json.loads(metadata["body"])["versions"] == ["2", "1"]
    gone = make_event("POST", "/v2/models/subscriptions/versions/3/infer", "{}")
    assert world.handler(gone, CONTEXT)["statusCode"] == 404


def make_tensors(names: list[str]) -> dict[str, Any]:
    rows = len(names)
    columns = {"age": ("FP64", 40), "plan": ("BYTES", "pro"), "usage": ("FP64", 10.5),
               "active": ("BOOL", True)}  # fmt: skip
    inputs = [
        {"name": column, "datatype": datatype, "shape": [rows], "data": [value] * rows}
        for column, (datatype, value) in columns.items()
    ]
    named = {"name": "customer_id", "datatype": "BYTES", "shape": [rows], "data": names}
    return {"inputs": [*inputs, named]}


def test_mlflow_tables_are_split_by_their_identifier(world: World) -> None:
    state = world.start(0.4)
    records = [make_record() | {"customer_id": name} for name in NAMES]
    answer = world.post("/invocations", {"dataframe_records": records})
    assert answer["arms"] == [expect(state, name) for name in NAMES]
    assert answer["model_versions"] == [1 if arm == "challenger" else 2 for arm in answer["arms"]]
    one = world.post(
        "/invocations", {"instances": [make_record()]}, headers={"x-split-key": NAMES[0]}
    )
    assert one["arms"] == [expect(state, NAMES[0])]


def test_csv_is_split_like_json(world: World) -> None:
    state = world.start(0.4)
    lines = ["customer_id,age,plan,usage,active", *[f"{n},40,pro,10.5,true" for n in NAMES]]
    event = make_event(
        "POST", "/invocations", "\n".join(lines), headers={"Content-Type": "text/csv"}
    )
    answer = json.loads(world.handler(event, CONTEXT)["body"])
    assert answer["arms"] == [expect(state, name) for name in NAMES]


def test_explanations_are_those_of_the_version_that_answered(world: World) -> None:
    world.start(0.5)
    records = [make_record() | {"customer_id": name} for name in NAMES[:10]]
    found = world.post("/v1/predict", {"records": records, "explain": True})["predictions"]
    assert {one["arm"] for one in found} == {"champion", "challenger"}
    for one in found:
        assert one["explanation"]["score"] == pytest.approx(one["probability"]["Yes"], abs=1e-6)


def test_row_that_cannot_be_explained_is_counted_among_all_rows() -> None:
    world = World(columns=tuple(Column(name=name, kind="numeric") for name in "abc"))
    state = world.start(0.5)
    records: list[dict[str, object]] = [
        {"customer_id": name, "a": 1, "b": 1, "c": 1} for name in NAMES[:10]
    ]
    arms = [expect(state, name) for name in NAMES[:10]]
    row = max(place for place, arm in enumerate(arms) if arm == "challenger")
    assert "champion" in arms[:row]
    records[row] |= {"a": 3e38, "b": -3e38, "c": 3e38}  # two of them are too large a sum
    content = json.dumps({"records": records, "explain": True})
    answer = world.handler(make_event("POST", "/v1/predict", content), CONTEXT)
    assert answer["statusCode"] == 422
    [detail] = json.loads(answer["body"])["error"]["details"]
    assert detail["place"] == ["records", row]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_split_too(task: Task) -> None:
    world = World(task=task)
    world.start(0.5)
    found = world.predict(*NAMES)["predictions"]
    assert len({one["prediction"] if task == "regression" else json.dumps(one["probability"])
                for one in found}) == 2  # fmt: skip


def break_graph(world: World) -> None:
    key = keys.bundle_graph(world.versions[0].bundle_id)
    world.store.put(key, b"x" + world.store.get(key).body[1:])


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


def settle(is_so: Callable[[], bool]) -> None:
    """Let looks beside the requests end."""
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.005)
    pytest.fail("It did not happen.")


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


def has_shadow(world: World) -> bool:
    rollout = world.models.get().rollout
    return bool(rollout and rollout.shadow and rollout.shadow.served)


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
    settle(lambda: has_shadow(world))
    rollout = world.models.get().rollout
    assert rollout is not None
    assert rollout.shadow is not None
    assert rollout.shadow.served is not None
    monkeypatch.setattr(rollout.shadow.served.predictor, "score", lambda _: 1 / 0)
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
    settle(lambda: has_shadow(world))
    rollout = world.models.get().rollout
    assert rollout is not None
    assert rollout.shadow is not None
    assert rollout.shadow.served is not None
    shadow, run = rollout.shadow.served.predictor, Predictor._run

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


def test_arms_are_counted_now_and_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "TOLD_EVERY_S", 0.0)
    state = world.start(0.4)
    world.predict(*NAMES)
    meant = Counter(expect(state, name) for name in NAMES)
    told = world.counts["ChampionPredictions"] + world.counts["ChallengerPredictions"]
    assert world.counts["ChampionPredictions"] in (0, meant["champion"])
    assert told >= min(meant.values())


def test_no_caller_changes_arms_and_none_fails_while_shares_and_champions_move() -> None:
    """Callers ask while the share is raised and champions move: each only ever goes one way."""
    world = World()
    world.start(0.05)
    world.predict("C-1")
    seen: dict[str, list[str]] = {name: [] for name in NAMES}
    shares = itertools.cycle([0.1, 0.25, 0.5, 0.75, 1.0])
    ended = threading.Event()

    def ask(names: list[str]) -> None:
        while not ended.is_set():
            answer = world.predict(*names)
            for name, one in zip(names, answer["predictions"], strict=True):
                seen[name].append(one["arm"])

    with ThreadPoolExecutor(4) as callers:
        asking = [callers.submit(ask, NAMES[start::4]) for start in range(4)]
        for share in itertools.islice(shares, 5):
            world.start(share)
            for _ in range(5):
                world.predict("C-1")
        ended.set()
        for one in asking:
            one.result(10)
    for arms in seen.values():
        changes = sum(a != b for a, b in itertools.pairwise(arms))
        assert changes <= 1
        assert arms[-1] == "challenger"
