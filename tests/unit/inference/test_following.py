"""Models that are followed beside the requests."""

import itertools
import json
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from core.registry import Registry
from core.store import StoredObject, open_memory
from lambdas.inference import handler as handler_module
from lambdas.inference import looks
from lambdas.inference.capture import Recorder
from lambdas.inference.deadline import LateError, check_deadline, read_remaining_s, set_deadline
from lambdas.inference.handler import build, make_handler
from lambdas.inference.looks import finish_later
from lambdas.inference.models import Models
from lambdas.inference.settings import Settings
from lambdas.inference.table import make_router
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.service import CONTEXT, make_event

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = make_contract()
MODEL = CONTRACT.dataset


@dataclass
class SlowStore(FaultyStore):
    """A bucket that lets reads wait until a test says go."""

    go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__()
        self.go.set()

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        self.go.wait(10)
        return super().get(key, max_bytes=max_bytes)

    def get_if_changed(
        self, key: str, *, etag: str, max_bytes: int | None = None
    ) -> StoredObject | None:
        self.go.wait(10)
        return super().get_if_changed(key, etag=etag, max_bytes=max_bytes)


def test_request_does_not_wait_for_a_look_that_is_not_due_for_long() -> None:
    store, now_s = SlowStore(), [0.0]
    make_champion(store, CONTRACT)
    models = Models(store, refresh_s=2.0, clock=lambda: now_s[0])
    assert models.get(MODEL).version.version == 1
    make_champion(store, CONTRACT, bias=1.0, run_id="run-2")
    store.go.clear()
    now_s[0] = 3.0
    began = time.monotonic()
    assert models.get(MODEL).version.version == 1
    assert time.monotonic() - began < 0.5
    store.go.set()
    for _ in range(500):
        if models.get(MODEL).version.version == 2:
            return
        time.sleep(0.01)
    pytest.fail("The new champion was not followed.")


def test_request_waits_once_for_the_default_and_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdas.inference.models.WAIT_S", 0.4)
    store, now_s = SlowStore(), [0.0]
    make_champion(store, CONTRACT)
    models = Models(store, refresh_s=2.0, clock=lambda: now_s[0])
    models.get()
    now_s[0] = 60.0
    store.go.clear()  # the bucket hangs
    began = time.monotonic()
    assert models.get().version.version == 1
    assert time.monotonic() - began < 0.7
    store.go.set()


def test_request_waits_for_the_look_when_the_model_is_too_old() -> None:
    store, now_s = SlowStore(), [0.0]
    make_champion(store, CONTRACT)
    models = Models(store, refresh_s=2.0, clock=lambda: now_s[0])
    models.get(MODEL)
    make_champion(store, CONTRACT, bias=1.0, run_id="run-2")
    now_s[0] = 4.0
    assert models.get(MODEL).version.version == 2


def test_look_that_is_under_way_is_waited_for_after_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looks, "MAX_AFTER_S", 60.0)  # not waited for once the look is done
    store, refresh_s = SlowStore(), 0.3
    make_champion(store, CONTRACT)
    works: deque[Callable[[], None]] = deque()
    monkeypatch.setattr(handler_module, "open_bucket", lambda *_, **__: store)
    handler = build(Settings("data", "dev", 0.0, refresh_s), later=works.append)
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()]}))

    def ask() -> int:
        answer = handler(event, CONTEXT)
        version: int = json.loads(answer["body"])["model_version"]
        return version

    def work() -> None:
        while works:
            works.popleft()()

    assert ask() == 1
    work()
    make_champion(store, CONTRACT, bias=1.0, run_id="run-2")
    time.sleep(refresh_s)
    store.go.clear()
    assert ask() == 1
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        with pytest.raises(TimeoutError):
            done.result(0.1)
        store.go.set()
        done.result(10)
    store.down = ("",)  # so nothing is learnt any more
    assert ask() == 2


def test_look_that_hangs_is_left_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "MAX_AFTER_S", 0.1)
    works: list[Callable[[], None]] = []
    go = threading.Event()

    def hang() -> None:
        go.wait(10)

    finish_later(works.append)(hang)
    began = time.monotonic()
    for work in works:
        work()
    assert 0.05 < time.monotonic() - began < 5
    go.set()


def test_answer_is_504_when_the_first_load_takes_too_long() -> None:
    store = SlowStore()
    make_champion(store, CONTRACT)
    recorder = Recorder(store, stage="dev", share=0.0)
    handler = make_handler(make_router(models=Models(store, refresh_s=2.0), recorder=recorder))
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()]}))
    store.go.clear()

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 1050

    late = handler(event, Context())  # type: ignore[arg-type]
    assert late["statusCode"] == 504
    assert json.loads(late["body"])["error"]["code"] == "timeout"
    store.go.set()
    assert handler(event, CONTEXT)["statusCode"] == 200


def test_answer_is_504_when_time_is_over_between_rows() -> None:
    store = open_memory()
    make_champion(store, CONTRACT)
    recorder = Recorder(store, stage="dev", share=0.0)
    models = Models(store, refresh_s=3600.0)
    models.get()
    handler = make_handler(make_router(models=models, recorder=recorder))
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()] * 1000}))

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 0

    assert handler(event, Context())["statusCode"] == 504  # type: ignore[arg-type]
    assert handler(event, CONTEXT)["statusCode"] == 200


def test_deadline_belongs_to_its_request() -> None:
    def ask(limit_s: float | None) -> bool:
        set_deadline(limit_s)
        try:
            check_deadline()
        except LateError:
            return False
        return True

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        assert not one.submit(ask, 0.0).result()
        assert other.submit(ask, None).result()
        assert one.submit(ask, 60.0).result()
        assert (one.submit(read_remaining_s).result() or 0) > 50


def test_no_request_fails_and_none_is_answered_by_an_old_version_while_the_alias_moves() -> None:
    """10,000 requests of 20 callers while the alias moves 50 times."""
    store = open_memory()
    for number in range(1, 4):
        make_champion(store, CONTRACT, bias=float(number), run_id=f"run-{number}")
    registry = Registry(store)
    refresh_s, slack_s = 0.05, 1.0
    models = Models(store, refresh_s=refresh_s)
    recorder = Recorder(store, stage="dev", share=0.0)
    handler = make_handler(make_router(models=models, recorder=recorder))
    event = make_event("POST", "/v1/predict", json.dumps({"records": [make_record()] * 2}))
    moved: list[tuple[float, int]] = [(0.0, 3)]  # when the alias certainly pointed there
    seen: list[tuple[float, float, int]] = []
    left = itertools.count()

    def ask() -> None:
        while next(left) < 10_000:
            began = time.monotonic()
            answer = handler(event, CONTEXT)
            assert answer["statusCode"] == 200, answer["body"]
            seen.append((began, time.monotonic(), json.loads(answer["body"])["model_version"]))

    def move() -> None:
        for turn in range(50):
            state = registry.alias(MODEL)
            assert state is not None
            to = (2, 3, 1)[turn % 3]
            registry.move_alias(
                MODEL, "champion", to=to, expected_revision=state.revision, reason="t",
                changed_by="t",
            )  # fmt: skip
            moved.append((time.monotonic(), to))
            time.sleep(0.05)

    with ThreadPoolExecutor(21) as pool:
        moves = pool.submit(move)
        for caller in [pool.submit(ask) for _ in range(20)]:
            caller.result()
        moves.result()
    assert len(seen) == 10_000
    for began, ended, version in seen:
        # What was champion from some time before the request until its end, give or take.
        oldest = began - 2 * refresh_s - slack_s
        spans = zip(moved, [*(at for at, _ in moved[1:]), float("inf")], strict=True)
        allowed = {to for (at, to), until in spans if at <= ended + slack_s and until >= oldest}
        assert version in allowed
