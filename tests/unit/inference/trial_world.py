"""A service on which a version is tried, and what is known of its callers."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import keys
from core.assignment import draw
from core.captures import read_captures
from core.contract import Column, Task
from core.events import Capture
from core.records import AliasState
from core.registry import Registry
from core.rollout import TrialName
from core.store import open_memory
from core.trials import start_trial
from lambdas.inference.capture import Recorder
from lambdas.inference.handler import Handler, make_handler
from lambdas.inference.models import Models
from lambdas.inference.predictor import Predictor
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


def expect(state: AliasState, name: str) -> str:
    place = draw(f"{MODEL}/{state.experiment}", name).place
    return "challenger" if place < (state.share or 0) else "champion"


def break_graph(world: World) -> None:
    key = keys.bundle_graph(world.versions[0].bundle_id)
    world.store.put(key, b"x" + world.store.get(key).body[1:])


def settle(is_so: Callable[[], bool]) -> None:
    """Let looks beside the requests end."""
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.005)
    pytest.fail("It did not happen.")


def has_shadow(world: World) -> bool:
    rollout = world.models.get().rollout
    return bool(rollout and rollout.shadow and rollout.shadow.served)


def find_shadow(world: World) -> Predictor:
    """Wait until the shadow is loaded, and return what answers for it."""
    settle(lambda: has_shadow(world))
    rollout = world.models.get().rollout
    assert rollout is not None
    assert rollout.shadow is not None
    assert rollout.shadow.served is not None
    return rollout.shadow.served.predictor
