from typing import Any

import pytest

from core import keys
from core.bundle import publish_bundle
from core.contract import Task
from core.events import parse_lines
from core.registry import Registry
from lambdas.inference.models import RETRY_S, Models
from lambdas.inference.settings import Settings
from tests.fixtures.bundles import (
    make_bundle,
    make_champion,
    make_contract,
    make_graph,
    make_manifest,
    make_record,
)
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.service import Service

REFRESH_S = 2.0


class World(Service):
    """A service whose model's graph is broken, and that may fall back to the prior or not."""

    def break_graph(self, task: Task = "binary", *, gone: bool = False, prior: bool = True) -> None:
        self.contract = make_contract(task=task)
        self.version = make_champion(self.store, self.contract)
        self.key = keys.bundle_graph(self.version.bundle_id)
        self.graph = self.store.get(self.key).body
        assert isinstance(self.store, FaultyStore)
        if gone:
            self.store.down = (self.key,)
        else:
            self.store.put(self.key, b"broken")
        self.fallbacks: list[str] = []
        models = Models(
            self.store,
            refresh_s=REFRESH_S,
            has_prior=prior,
            on_fallback=self.fallbacks.append,
            clock=lambda: self.now_s,
            start=lambda work: work(),
        )
        self.models.__dict__.update(models.__dict__)

    def ask(self, rows: int = 1) -> Any:  # noqa: ANN401 - JSON
        return self.post("/v1/predict", {"records": [make_record()] * rows})


@pytest.fixture
def world() -> World:
    return World(store=FaultyStore())


@pytest.mark.parametrize("gone", [False, True], ids=["broken", "missing"])
def test_prior_answers_marked_when_the_graph_cannot(world: World, *, gone: bool) -> None:
    world.break_graph(gone=gone)
    reply = world.ask(rows=3)
    assert (reply.status, reply.json["fallback"], reply.json["model_version"]) == (200, True, 1)
    for prediction in reply.json["predictions"]:
        assert prediction["probability"] == {"No": 0.75, "Yes": 0.25}
        assert prediction["prediction"] == "No"
    assert world.fallbacks == ["subscriptions"]
    world.ask()
    assert len(world.fallbacks) == 2


def test_prior_answers_marked_in_every_protocol(world: World) -> None:
    world.break_graph()
    table = world.post("/invocations", {"dataframe_records": [make_record()]})
    age = {"name": "age", "datatype": "FP64", "shape": [1, 1], "data": [40.0]}
    tensors = world.post("/v2/models/subscriptions/infer", {"inputs": [age]})
    assert (table.status, table.json["fallback"]) == (200, True)
    assert (tensors.status, tensors.json["parameters"]) == (200, {"fallback": True})


def test_model_is_not_ready_while_its_prior_answers_but_the_server_is(world: World) -> None:
    world.break_graph()
    for path in ("/v2/health/ready", "/ping"):
        assert world.get(path).status == 200  # or nobody would be sent here, and get the prior
    for path in ("/v2/models/subscriptions/ready", "/v2/models/subscriptions/versions/1/ready"):
        reply = world.get(path)
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert "its prior answers" in reply.json["error"]
    world.store.put(world.key, world.graph)
    world.now_s += RETRY_S
    world.ask()
    assert world.get("/v2/models/subscriptions/ready").json["ready"] is True


@pytest.mark.parametrize(
    ("task", "prediction", "probability"),
    [
        ("regression", 12.5, None),
        ("multiclass", "low", {"low": 0.5, "middle": 0.25, "high": 0.25}),
    ],
)
def test_prior_is_that_of_the_task(
    world: World, task: Task, prediction: object, probability: object
) -> None:
    world.break_graph(task)
    [found] = world.ask().json["predictions"]
    assert (found["prediction"], found["probability"]) == (prediction, probability)


def test_nothing_falls_back_unless_it_is_declared(world: World) -> None:
    world.break_graph(prior=False)
    reply = world.ask()
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")


def test_model_that_was_never_promoted_has_no_prior(world: World) -> None:
    world.break_graph()
    Registry(world.store).register(
        model="telco-churn",
        bundle_id="b" * 64,
        run_id="run-1",
        dataset_version="d" * 64,
        candidate="linear",
        metrics={},
    )
    assert world.post("/v1/models/telco-churn/predict", {"records": [{}]}).status == 503


def test_manifest_that_is_broken_too_is_no_answer(world: World) -> None:
    world.break_graph()
    world.store.put(keys.bundle_manifest(world.version.bundle_id), b"{}")
    assert world.ask().status == 503


def test_prior_of_another_model_is_no_answer(world: World) -> None:
    world.break_graph()
    others = make_bundle(world.store, make_contract(dataset="wine"))
    make_champion(world.store, world.contract, run_id="run-2", bundle_id=others)
    assert world.ask().status == 503


def test_manifest_without_a_prior_is_no_answer(world: World) -> None:
    contract = make_contract()
    graph = make_graph(contract)
    manifest = make_manifest(contract, graph).model_copy(update={"prior": None})
    bundle_id = publish_bundle(world.store, graph=graph, manifest=manifest)
    world.break_graph()
    make_champion(world.store, contract, run_id="run-2", bundle_id=bundle_id)
    world.store.put(keys.bundle_graph(bundle_id), b"broken")
    assert world.ask().status == 503


def test_model_answers_itself_once_its_graph_is_mended(world: World) -> None:
    world.break_graph()
    assert world.ask().json["fallback"]
    world.store.put(world.key, world.graph)
    world.now_s += REFRESH_S
    assert world.ask().json["fallback"]
    world.now_s += RETRY_S
    world.ask()
    assert "fallback" not in world.ask().json


def test_next_champion_answers_itself_at_once(world: World) -> None:
    world.break_graph()
    assert world.ask().json["fallback"]
    make_champion(world.store, world.contract, bias=1.0, run_id="run-2")
    world.now_s += 2 * REFRESH_S
    reply = world.ask().json
    assert ("fallback" in reply, reply["model_version"]) == (False, 2)


def test_record_that_breaks_the_contract_is_refused_all_the_same(world: World) -> None:
    world.break_graph()
    assert world.post("/v1/predict", {"records": [{"age": "x"}]}).status == 422


def test_answer_of_the_prior_is_captured_as_the_baselines(world: World) -> None:
    world.break_graph()
    world.ask()
    [info] = world.store.list("captured/")
    [capture], _ = parse_lines(world.store.get(info.key).body)
    assert capture.arm == "baseline"


def test_fallback_is_read_from_the_environment() -> None:
    assert not Settings.from_environment({"BUCKET": "b"}).has_prior
    assert Settings.from_environment({"BUCKET": "b", "FALLBACK": "true"}).has_prior
