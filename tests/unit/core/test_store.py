import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
import pytest
from obstore import exceptions as fault

from core.errors import ConflictError, IntegrityError, LoopError, NotFoundError, UnavailableError
from core.store import Bucket, open_bucket, open_memory

Put = Callable[..., Any]


def lose_acknowledgement(put: Put, error: Exception, *, times: int = 1) -> Put:
    """Write, and then fail as if the answer never came."""
    left = [times]

    def put_and_fail(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - obstore's own
        result = put(*args, **options)
        if left[0]:
            left[0] -= 1
            raise error
        return result

    return put_and_fail


@pytest.fixture
def store() -> Bucket:
    return open_memory()


def test_get_returns_what_put_wrote(store: Bucket) -> None:
    etag = store.put("a/b", b"1")
    assert store.get("a/b").body == b"1"
    assert store.get("a/b").etag == etag
    assert store.exists("a/b")
    assert not store.exists("a/c")


def test_rejects_missing_object(store: Bucket) -> None:
    with pytest.raises(NotFoundError, match="a/b"):
        store.get("a/b")
    with pytest.raises(NotFoundError):
        store.get_if_changed("a/b", etag="1")


def test_rejects_object_over_the_limit(store: Bucket) -> None:
    store.put("a", b"123")
    assert store.get("a", max_bytes=3).body == b"123"
    with pytest.raises(IntegrityError, match="3 bytes"):
        store.get("a", max_bytes=2)
    with pytest.raises(IntegrityError, match="3 bytes"):
        store.get_if_changed("a", etag="1", max_bytes=2)


def test_get_if_changed_is_none_until_the_object_changes(store: Bucket) -> None:
    etag = store.put("a", b"1")
    assert store.get_if_changed("a", etag=etag) is None
    store.put("a", b"2")
    changed = store.get_if_changed("a", etag=etag)
    assert changed is not None
    assert changed.body == b"2"


def test_create_keeps_the_first_when_bytes_differ(store: Bucket) -> None:
    store.create("a", b"1")
    with pytest.raises(ConflictError):
        store.create("a", b"2")
    assert store.get("a").body == b"1"


def test_create_succeeds_again_when_bytes_are_the_same(store: Bucket) -> None:
    assert store.create("a", b"1") == store.create("a", b"1")


def test_exclusive_create_is_a_conflict_when_bytes_are_the_same(store: Bucket) -> None:
    store.create("a", b"1", exclusive=True)
    with pytest.raises(ConflictError):
        store.create("a", b"1", exclusive=True)


def test_replace_needs_the_present_state(store: Bucket) -> None:
    first = store.create("a", b"1")
    second = store.replace("a", b"2", etag=first)
    with pytest.raises(ConflictError):
        store.replace("a", b"3", etag=first)
    with pytest.raises(ConflictError):
        store.replace("missing", b"3", etag=second)
    assert store.get("a").body == b"2"


def test_one_thread_wins_when_many_replace_one_state(store: Bucket) -> None:
    etag = store.create("a", b"0")
    start = threading.Barrier(16)

    def race(_: int) -> bool:
        start.wait()
        try:
            store.replace("a", b"same", etag=etag)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(race, range(16))) == 1


LOST = [
    fault.GenericError("timeout"),
    fault.AlreadyExistsError("own first try"),
    fault.PreconditionError("own first try"),
]


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("exclusive", [True, False])
def test_create_succeeds_when_its_acknowledgement_is_lost(
    store: Bucket, monkeypatch: pytest.MonkeyPatch, error: Exception, *, exclusive: bool
) -> None:
    monkeypatch.setattr(obstore, "put", lose_acknowledgement(obstore.put, error))
    etag = store.create("a", b"1", exclusive=exclusive)
    assert store.get("a").etag == etag


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_replace_succeeds_when_its_acknowledgement_is_lost(
    store: Bucket, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    first = store.create("a", b"1")
    monkeypatch.setattr(obstore, "put", lose_acknowledgement(obstore.put, error))
    etag = store.replace("a", b"2", etag=first)
    assert store.get("a").body == b"2"
    assert store.get("a").etag == etag


def test_write_fails_when_nothing_was_written(
    store: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise fault.GenericError("no route")

    first = store.create("b", b"1")
    monkeypatch.setattr(obstore, "put", fail)
    writes: list[Callable[[], str]] = [
        lambda: store.create("a", b"1"),
        lambda: store.put("a", b"1"),
        lambda: store.replace("b", b"2", etag=first),
    ]
    for write in writes:
        with pytest.raises(UnavailableError):
            write()
    assert store.get("b").body == b"1"
    assert not store.exists("a")


def test_conflict_stands_when_reading_back_fails(
    store: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create("a", b"1")

    def refuse(*_args: object, **_options: object) -> None:
        raise fault.PermissionDeniedError("no")

    monkeypatch.setattr(obstore, "get", refuse)
    with pytest.raises(ConflictError):
        store.create("a", b"1")


def test_list_is_in_key_order_and_begins_after(store: Bucket) -> None:
    for key in ("p/c", "p/a", "p/b/d", "q/a", "pp/a"):
        store.put(key, b"12")
    assert [info.key for info in store.list("p/")] == ["p/a", "p/b/d", "p/c"]
    assert [info.key for info in store.list("p/", after="p/a")] == ["p/b/d", "p/c"]
    info = next(store.list("p/"))
    assert info.size_bytes == 2
    assert info.modified_at.tzinfo is not None
    assert info.etag == store.get("p/a").etag


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (fault.PermissionDeniedError("AKIASECRET"), UnavailableError),
        (fault.UnauthenticatedError("AKIASECRET"), UnavailableError),
        (fault.GenericError("AKIASECRET"), UnavailableError),
        (fault.NotModifiedError("AKIASECRET"), UnavailableError),  # nothing was said of a state
        (OSError("AKIASECRET"), UnavailableError),
        (FileNotFoundError("AKIASECRET"), NotFoundError),
    ],
)
def test_fault_of_the_client_becomes_ours_without_its_text(
    store: Bucket, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[LoopError]
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(obstore, "get", fail)
    with pytest.raises(kind) as caught:
        store.get("a")
    assert "AKIASECRET" not in str(caught.value)


def test_bucket_is_unavailable_when_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = open_bucket("bucket", timeout_s=0.5, max_retries=0)
    with pytest.raises(UnavailableError, match="does not answer"):
        store.get("a")


def test_bucket_is_unavailable_soon_when_it_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        store = open_bucket("bucket", timeout_s=0.3, max_retries=1)
        started_s = time.monotonic()
        with pytest.raises(UnavailableError):
            store.get("a")
        assert time.monotonic() - started_s < 5


def test_a_range_is_read_when_the_object_is_in_its_state(store: Bucket) -> None:
    etag = store.put("a/b", b"0123456789")
    assert store.get_range("a/b", start=2, end=5, etag=etag) == b"234"
    assert store.describe("a/b").size_bytes == 10
    store.put("a/b", b"9876543210")
    with pytest.raises(ConflictError):
        store.get_range("a/b", start=2, end=5, etag=etag)


def test_describe_says_when_there_is_no_object(store: Bucket) -> None:
    with pytest.raises(NotFoundError):
        store.describe("a/b")
