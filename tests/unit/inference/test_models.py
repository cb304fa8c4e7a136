import logging
from dataclasses import dataclass, field

import pytest

from core import keys
from core.errors import NotFoundError
from core.registry import Registry
from lambdas.inference import models as module
from lambdas.inference.models import RETRY_S, Models, NoModelError
from tests.fixtures.bundles import make_bundle, make_champion, make_contract, make_record
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.service import Service

CONTRACT = make_contract()
MODEL = CONTRACT.dataset
REFRESH_S = 2.0
ALIASES_OF_MODEL = [keys.alias(MODEL, name) for name in ("challenger", "champion", "shadow")]


@dataclass
class World:
    """Models over a bucket with faults, and a clock that a test moves."""

    store: FaultyStore = field(default_factory=FaultyStore)
    now_s: float = 1000.0
    fallbacks: list[str] = field(default_factory=list)
    models: Models = field(init=False)

    def __post_init__(self) -> None:
        self.models = Models(
            self.store,
            refresh_s=REFRESH_S,
            on_fallback=self.fallbacks.append,
            clock=lambda: self.now_s,
            start=lambda work: work(),
        )

    def promote(self, *, bias: float = 0.0, run_id: str = "run-1") -> str:
        return make_champion(self.store, CONTRACT, bias=bias, run_id=run_id).bundle_id

    def served(self, *, after_s: float = 0.0) -> int:
        self.now_s += after_s
        return self.models.get(MODEL).version.version


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.fixture
def world() -> World:
    return World()


def test_bundle_is_read_once_and_the_alias_at_most_every_few_seconds(world: World) -> None:
    world.promote()
    assert world.served() == 1
    world.store.reads.clear()
    assert [world.served(after_s=0.5) for _ in range(3)] == [1, 1, 1]
    assert world.store.reads == []
    for _ in range(2):  # a look that finds nothing new counts as one
        assert world.served(after_s=1) == 1
        assert sorted(world.store.reads) == ALIASES_OF_MODEL
        assert [world.served(after_s=0.5) for _ in range(2)] == [1, 1]
        assert sorted(world.store.reads) == ALIASES_OF_MODEL
        world.store.reads.clear()


def test_new_champion_is_served_when_the_alias_moves(world: World) -> None:
    world.promote()
    assert world.served() == 1
    world.promote(bias=1.0, run_id="run-2")
    assert world.served() == 1
    assert world.served(after_s=REFRESH_S) == 2
    Registry(world.store).rollback(MODEL, reason="worse", changed_by="test")
    assert world.served(after_s=REFRESH_S) == 1
    assert world.fallbacks == []


def test_request_keeps_its_model_when_the_alias_moves_meanwhile(world: World) -> None:
    world.promote()
    held = world.models.get(MODEL)
    world.promote(bias=1.0, run_id="run-2")
    assert world.served(after_s=REFRESH_S) == 2
    assert held.version.version == 1
    assert held.predictor is not world.models.get(MODEL).predictor


@pytest.mark.parametrize("down", ["registry/", "bundles/", ""])
def test_last_good_model_is_served_when_the_bucket_is_down(world: World, down: str) -> None:
    world.promote()
    assert world.served() == 1
    world.promote(bias=1.0, run_id="run-2")
    world.store.down = (down,)
    assert world.served(after_s=REFRESH_S) == 1
    assert world.fallbacks == [MODEL]
    world.store.down = ()
    assert world.served(after_s=RETRY_S) == 2


def test_looks_grow_rarer_while_the_bucket_is_down(world: World) -> None:
    world.promote()
    world.served()
    world.store.down = ("",)
    for _ in range(600):
        world.served(after_s=1.0)
    assert 600 / RETRY_S <= len(world.fallbacks) <= 600 / RETRY_S + 5


@pytest.mark.parametrize("part", ["graph", "manifest", "gone"])
def test_last_good_model_is_served_when_the_new_bundle_is_broken(
    world: World, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.promote()
    assert world.served() == 1
    broken = world.promote(bias=1.0, run_id="run-2")
    key = keys.bundle_graph(broken) if part == "graph" else keys.bundle_manifest(broken)
    good = world.store.get(key).body
    if part == "gone":
        monkeypatch.setattr(keys, "bundle_manifest", lambda _: "bundles/gone")
    else:
        world.store.put(key, b"x" + good[1:])
    assert world.served(after_s=REFRESH_S) == 1
    assert world.fallbacks == [MODEL]
    # The broken one is not read again and again …
    world.store.reads.clear()
    assert world.served(after_s=REFRESH_S) == 1
    assert sorted(world.store.reads) == ALIASES_OF_MODEL
    # … but once it is mended, it is served.
    monkeypatch.undo()
    world.store.put(key, good)
    assert world.served(after_s=RETRY_S) == 2


def test_rolled_back_model_is_served_when_the_new_bundle_was_broken(world: World) -> None:
    world.promote()
    assert world.served() == 1
    broken = world.promote(bias=1.0, run_id="run-2")
    world.store.put(keys.bundle_graph(broken), b"x")
    assert world.served(after_s=REFRESH_S) == 1
    Registry(world.store).rollback(MODEL, reason="broken", changed_by="test")
    assert world.served(after_s=REFRESH_S) == 1
    world.promote(bias=2.0, run_id="run-3")
    assert world.served(after_s=REFRESH_S) == 3


def test_last_good_model_is_served_when_the_alias_is_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.promote()
    assert world.served() == 1
    monkeypatch.setattr(keys, "alias", lambda *_: "registry/gone")
    assert world.served(after_s=REFRESH_S) == 1
    assert world.fallbacks == [MODEL]


@pytest.mark.parametrize("kind", ["alias of another", "version of another", "too large"])
def test_last_good_model_is_served_when_a_record_is_not_its_own(world: World, kind: str) -> None:
    world.promote()
    assert world.served() == 1
    world.promote(bias=1.0, run_id="run-2")
    if kind == "alias of another":
        make_champion(world.store, make_contract(dataset="wine"))
        place, record = keys.alias(MODEL, "champion"), keys.alias("wine", "champion")
    else:
        place, record = keys.model_version(MODEL, 2), keys.model_version(MODEL, 1)
    body = world.store.get(record).body
    if kind == "too large":
        place, body = keys.alias(MODEL, "champion"), b" " * 2**18 + body
    world.store.put(place, body)
    assert world.served(after_s=REFRESH_S) == 1
    assert world.fallbacks == [MODEL]


def test_last_good_model_is_served_when_the_new_bundle_is_another_models(world: World) -> None:
    world.promote()
    assert world.served() == 1
    others = make_bundle(world.store, make_contract(dataset="wine"))
    make_champion(world.store, CONTRACT, run_id="run-2", bundle_id=others)
    assert world.served(after_s=REFRESH_S) == 1
    assert world.fallbacks == [MODEL]


def test_name_that_nobody_knows_is_neither_kept_nor_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for number in range(20):
        with pytest.raises(NotFoundError):
            world.models.get(f"marker-{number}")
    assert world.models._trials._known == {}
    world.store.down = ("registry/",)
    with pytest.raises(NoModelError):
        world.models.get("marker-7391")
    assert caplog.text
    assert "marker" not in caplog.text


def test_rejects_request_when_no_model_was_ever_promoted(world: World) -> None:
    with pytest.raises(NoModelError, match="No model has been promoted yet"):
        world.models.get()
    with pytest.raises(NotFoundError):
        world.models.get(MODEL)
    Registry(world.store).register(
        model=MODEL,
        bundle_id="a" * 64,
        run_id="run-1",
        dataset_version="d",
        candidate="linear",
        metrics={},
    )
    with pytest.raises(NoModelError):
        world.models.get(MODEL)


def test_first_load_is_tried_again_when_the_bucket_was_down(world: World) -> None:
    world.promote()
    world.store.down = ("bundles/",)
    with pytest.raises(NoModelError):
        world.models.get(MODEL)
    world.store.down = ()
    assert world.served() == 1


def test_default_model_is_not_called_missing_when_the_bucket_is_down(world: World) -> None:
    world.promote()
    world.store.down = ("registry/default",)
    with pytest.raises(NoModelError, match="The default model cannot be read just now"):
        world.models.get()
    assert world.models.get(MODEL).version.version == 1
    world.store.down = ()
    assert world.models.get().version.version == 1


def test_default_model_is_remembered_when_the_bucket_is_down(world: World) -> None:
    world.promote()
    assert world.models.get().version.model == MODEL
    world.store.down = ("",)
    world.now_s += REFRESH_S
    assert world.models.get().version.model == MODEL
    assert world.models.is_default(MODEL)


def test_one_request_alone_waits_when_the_bucket_hangs(world: World) -> None:
    world.promote()
    world.models.get()
    world.store.down = ("",)
    world.store.tries = 0
    for _ in range(4):
        world.now_s += 0.9
        world.models.get()
    assert world.store.tries == 1
    world.now_s += RETRY_S
    world.models.get()
    assert world.store.tries == 2
    assert world.fallbacks == [MODEL, MODEL]


def test_default_model_is_followed_when_it_changes(world: World) -> None:
    world.promote()
    assert world.models.get().version.model == MODEL
    make_champion(world.store, make_contract(dataset="wine"))
    Registry(world.store).set_default_model("wine")
    world.now_s += REFRESH_S
    assert world.models.get().version.model == "wine"


def test_model_asked_for_longest_ago_makes_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LOADED", 2)
    for name in ("a", "b", "c"):
        make_champion(world.store, make_contract(dataset=name))
    for name in ("a", "b", "a", "c"):
        world.models.get(name)
    world.store.reads.clear()
    for name in ("a", "c"):
        world.models.get(name)
    assert world.store.reads == []
    world.models.get("b")
    assert world.store.reads


def test_service_answers_503_with_retry_after_and_health_when_there_is_no_model() -> None:
    service = Service()
    for reply in (
        service.post("/v1/predict", {"records": [make_record()]}),
        service.get("/v1/model"),
        service.get("/v1/contract"),
    ):
        assert reply.status == 503
        assert int(reply.headers["retry-after"]) > 0
        assert reply.json["error"]["code"] == "no_model"
    assert service.get("/health").json == {"status": "ok"}
    assert service.get("/v1/models").json == {"models": []}


def test_service_answers_503_when_the_bucket_is_down() -> None:
    store = FaultyStore()
    service = Service(store=store)
    make_champion(store, CONTRACT)
    store.down = ("",)
    for reply in (
        service.post("/v1/predict", {"records": [make_record()]}),
        service.get("/v1/models"),
    ):
        assert reply.status == 503
        assert reply.headers["retry-after"]
