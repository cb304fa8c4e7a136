import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
import pytest
from obstore import exceptions as fault

from core import keys
from core.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from core.registry import AliasName, AliasState, ModelVersion, Registry
from core.store import Bucket, open_memory

THREADS = 12


@pytest.fixture
def store() -> Bucket:
    return open_memory()


@pytest.fixture
def registry(store: Bucket) -> Registry:
    return Registry(store)


def register(
    registry: Registry, *, model: str = "wine", run: int = 1, bundle: int | None = None
) -> ModelVersion:
    return registry.register(
        model=model,
        bundle_id=f"{run if bundle is None else bundle:064x}",
        run_id=f"run-{run}",
        dataset_version="d" * 64,
        candidate="linear",
        metrics={"loss": 0.1},
    )


def move(
    registry: Registry, to: int, expected: int, *, alias: AliasName = "champion"
) -> AliasState:
    return registry.move_alias(
        "wine", alias, to=to, expected_revision=expected, reason="better", changed_by="me"
    )


def promote(registry: Registry, *versions: int) -> None:
    """Register as many versions as it takes, and promote these one after the other."""
    for run in range(1, max(versions) + 1):
        register(registry, run=run)
    for revision, version in enumerate(versions):
        move(registry, version, revision)


def roll_back(registry: Registry) -> int:
    return registry.rollback("wine", reason="worse", changed_by="me").version


def race(action: Callable[[int], object]) -> list[object]:
    """Act in many threads at once; return what came back, a conflict as None."""
    start = threading.Barrier(THREADS)

    def act(number: int) -> object:
        start.wait()
        try:
            return action(number)
        except ConflictError:
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(act, range(THREADS)))


def test_versions_count_up_and_are_found_again(registry: Registry) -> None:
    made = [register(registry, run=run) for run in (1, 2, 3)]
    assert [version.version for version in made] == [1, 2, 3]
    assert registry.versions("wine") == made
    assert registry.version("wine", 2) == made[1]
    assert registry.versions("digits") == []


def test_register_returns_the_same_version_when_the_run_is_repeated(registry: Registry) -> None:
    first = register(registry, run=1)
    register(registry, run=2)
    assert register(registry, run=1) == first
    assert register(registry, run=1, bundle=9).version == 3


def test_every_run_gets_one_number_when_many_register_at_once(registry: Registry) -> None:
    made = race(lambda number: register(registry, run=number).version)
    assert sorted(map(int, map(str, made))) == list(range(1, THREADS + 1))
    assert len(registry.versions("wine")) == THREADS


def test_one_version_is_made_when_one_run_registers_many_times_at_once(registry: Registry) -> None:
    made = race(lambda _: register(registry, run=1).version)
    assert set(made) == {1}
    assert len(registry.versions("wine")) == 1


def test_rejects_version_that_is_not_there(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="wine has no version 7"):
        registry.version("wine", 7)
    with pytest.raises(NotFoundError):
        move(registry, 7, 0)
    assert registry.alias("wine") is None


@pytest.mark.parametrize("name", ["Wine", "../x", ""])
def test_rejects_bad_name(registry: Registry, name: str) -> None:
    with pytest.raises(InvalidInputError):
        register(registry, model=name)
    with pytest.raises(InvalidInputError):
        registry.alias("wine", name)  # type: ignore[arg-type]


def test_alias_says_where_it_points_and_how_it_came_there(registry: Registry) -> None:
    promote(registry, 1, 2)
    state = registry.alias("wine")
    assert state is not None
    assert (state.version, state.revision, state.previous_version) == (2, 2, 1)
    assert (state.changed_by, state.reason) == ("me", "better")
    assert state.etag
    assert "etag" not in state.to_json().decode()


def test_aliases_move_each_for_itself(registry: Registry) -> None:
    promote(registry, 1, 2)
    move(registry, 1, 0, alias="shadow")
    champion, shadow = registry.alias("wine"), registry.alias("wine", "shadow")
    assert champion is not None
    assert shadow is not None
    assert (champion.version, shadow.version) == (2, 1)
    assert registry.alias("wine", "challenger") is None


def test_alias_is_followed_by_its_state(registry: Registry) -> None:
    promote(registry, 1, 2)
    state = registry.alias("wine")
    assert state is not None
    assert registry.alias_if_changed("wine", "champion", state.etag) is None
    moved = move(registry, 1, 2)
    assert registry.alias_if_changed("wine", "champion", state.etag) == moved
    with pytest.raises(NotFoundError):
        registry.alias_if_changed("wine", "shadow", "")


def test_rejects_move_from_another_revision(registry: Registry) -> None:
    promote(registry, 1)
    for revision in (0, 2):
        with pytest.raises(ConflictError, match="moved by somebody else"):
            move(registry, 1, revision)


@pytest.mark.parametrize("promoted", [False, True])
def test_one_mover_wins_when_many_move_one_alias(registry: Registry, *, promoted: bool) -> None:
    for run in range(1, THREADS + 1):
        register(registry, run=run)
    seen = move(registry, 1, 0).revision if promoted else 0
    moved = [state for state in race(lambda n: move(registry, n + 1, seen)) if state]
    assert len(moved) == 1
    assert registry.alias("wine") == moved[0]
    history = registry.history("wine", "champion")
    assert [state.revision for state in history] == list(range(1, seen + 2))
    assert history[-1].to_json() == registry.alias("wine").to_json()  # type: ignore[union-attr]


def test_move_succeeds_when_its_acknowledgement_is_lost(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(registry, 1, 2)
    put = obstore.put
    lost: list[str] = []

    def write_and_lose(backend: Any, key: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        result = put(backend, key, *args, **options)
        if key == keys.alias("wine", "champion") and not lost:
            lost.append(key)
            raise fault.PreconditionError("our own first try")
        return result

    monkeypatch.setattr(obstore, "put", write_and_lose)
    assert move(registry, 1, 2).version == 1
    assert lost
    assert [state.version for state in registry.history("wine", "champion")] == [1, 2, 1]


def fail_history(monkeypatch: pytest.MonkeyPatch) -> None:
    put = obstore.put

    def refuse(backend: Any, key: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        if "/history/" in key:
            raise fault.GenericError("down")
        return put(backend, key, *args, **options)

    monkeypatch.setattr(obstore, "put", refuse)


def test_next_move_writes_the_history_entry_that_the_last_one_could_not(
    registry: Registry, store: Bucket
) -> None:
    promote(registry, 1)
    register(registry, run=2)
    with pytest.MonkeyPatch.context() as patch:
        fail_history(patch)
        moved = move(registry, 2, 1)
    assert moved.version == 2
    entry = keys.alias_history("wine", "champion", 2)
    assert not store.exists(entry)
    assert [state.version for state in registry.history("wine", "champion")] == [1, 2]
    assert roll_back(registry) == 1
    assert store.get(entry).body == moved.to_json()
    assert [state.version for state in registry.history("wine", "champion")] == [1, 2, 1]


def test_nothing_moves_when_the_history_before_cannot_be_mended(registry: Registry) -> None:
    promote(registry, 1)
    register(registry, run=2)
    with pytest.MonkeyPatch.context() as patch:
        fail_history(patch)
        move(registry, 2, 1)
        with pytest.raises(UnavailableError):
            move(registry, 1, 2)
    state = registry.alias("wine")
    assert state is not None
    assert state.version == 2


def test_default_model_is_chosen_and_changed(registry: Registry) -> None:
    assert registry.default_model() is None
    register(registry)
    register(registry, model="digits")
    registry.set_default_model("wine")
    registry.set_default_model("wine")
    assert registry.default_model() == "wine"
    registry.set_default_model("digits")
    assert registry.default_model() == "digits"
    with pytest.raises(NotFoundError):
        registry.set_default_model("telco-churn")


def test_models_are_listed_when_names_are_near_each_other(registry: Registry) -> None:
    assert registry.models() == []
    names = ["a", "a-b", "a0", "ab", "b"]
    for name in names:
        register(registry, model=name)
        register(registry, model=name, run=2)
    registry.set_default_model("a")
    assert registry.models() == names


@pytest.mark.parametrize(
    ("promotions", "rollbacks"),
    [
        ((1, 2), [1]),
        ((1, 2, 3), [2, 1]),
        ((1, 2, 2), [1]),
        ((3, 1, 2), [1, 3]),
        ((1, 2, 3, 2), [3, 2, 1]),
        ((1, 3, 1), [3, 1]),
    ],
)
def test_rollbacks_undo_promotions_one_by_one(
    registry: Registry, promotions: tuple[int, ...], rollbacks: list[int]
) -> None:
    promote(registry, *promotions)
    assert [roll_back(registry) for _ in rollbacks] == rollbacks
    with pytest.raises(NotFoundError, match="no earlier champion"):
        roll_back(registry)


def test_rollback_skips_what_was_rolled_back_when_another_is_promoted(registry: Registry) -> None:
    promote(registry, 1, 2)
    roll_back(registry)
    register(registry, run=3)
    move(registry, 3, 3)
    assert roll_back(registry) == 1


def test_rollback_after_a_rollback_goes_further_back_from_an_older_version_too(
    registry: Registry,
) -> None:
    promote(registry, 1, 2, 3)
    assert roll_back(registry) == 2
    move(registry, 1, 4)
    assert [roll_back(registry) for _ in range(2)] == [2, 1]


def test_a_move_to_the_version_before_undoes_a_promotion_in_records_that_do_not_tell(
    registry: Registry, store: Bucket
) -> None:
    promote(registry, 1, 2, 3, 2)
    for info in store.list(keys.alias_histories("wine", "champion")):
        old = store.get(info.key).body.replace(b'"promoted":true,', b"")
        assert b"promoted" not in old
        store.put(info.key, old)
    assert roll_back(registry) == 1


def test_a_promotion_says_so_and_nothing_else_does(registry: Registry) -> None:
    promote(registry, 1, 2)
    roll_back(registry)
    move(registry, 1, 0, alias="shadow")
    told = [state.promoted for state in registry.history("wine", "champion")]
    assert told == [True, True, None]
    for alias in ("champion", "shadow"):
        state = registry.alias("wine", alias)
        assert state is not None
        assert b"promoted" not in state.to_json()


@pytest.mark.parametrize("promotions", [(), (1,), (1, 1)])
def test_rejects_rollback_when_there_was_nothing_before(
    registry: Registry, promotions: tuple[int, ...]
) -> None:
    if promotions:
        promote(registry, *promotions)
    with pytest.raises(NotFoundError, match="no earlier champion"):
        roll_back(registry)


def test_counting_goes_on_when_an_alias_was_deleted_by_hand(
    registry: Registry, store: Bucket
) -> None:
    promote(registry, 1, 2)
    obstore.delete(store._backend, keys.alias("wine", "champion"))
    assert registry.alias("wine") is None
    assert move(registry, 1, 0).revision == 3
    assert [state.version for state in registry.history("wine", "champion")] == [1, 2, 1]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model": "wine"}', b"\xff"])
def test_rejects_record_that_was_damaged(registry: Registry, store: Bucket, body: bytes) -> None:
    store.put(keys.alias("wine", "champion"), body)
    store.put(keys.model_version("wine", 1), body)
    with pytest.raises(IntegrityError):
        registry.alias("wine")
    with pytest.raises(IntegrityError):
        registry.versions("wine")
