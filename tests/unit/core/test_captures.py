"""Captures are found by time and by id, wherever a stream put them, and each once."""

from datetime import UTC, datetime, timedelta

import pytest

from core import captures, keys
from core.captures import find_captures, read_captures
from core.events import Capture, time_of, to_lines
from core.store import Bucket, open_memory

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def make_id(at: datetime, number: int = 0) -> str:
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return f"{milliseconds:012x}7000{0x8000000000000000 + number:016x}"


def make_capture(at: datetime, number: int = 0, **changes: object) -> Capture:
    prediction_id = make_id(at, number)
    fields: dict[str, object] = {
        "prediction_id": prediction_id,
        "model": "m",
        "model_version": 1,
        "served_at": time_of(prediction_id),
        "features": {"age": number},
        "probabilities": None,
        "prediction": 1.0,
    }
    return Capture.model_validate(fields | changes)


def land(store: Bucket, *found: Capture, hour: datetime | None = None, name: str = "") -> None:
    """Write captures as a stream does: in the folder of an hour, under a name of its own."""
    folder = keys.captured_hour(hour or found[0].served_at)
    store.put(f"{folder}{name or found[0].prediction_id}", to_lines(list(found)))


def ids(found: list[Capture]) -> list[str]:
    return [one.prediction_id for one in found]


def test_capture_is_read_when_it_was_served_between_the_times() -> None:
    store = open_memory()
    inside = [make_capture(NOW - timedelta(minutes=5), number) for number in range(3)]
    land(store, *inside, make_capture(NOW - 3 * HOUR))
    found = read_captures(store, NOW - HOUR, NOW + HOUR)
    assert (ids(found.captures), found.broken, found.truncated) == (ids(inside), 0, False)


def test_sent_twice_counts_once_for_each_version_that_answered() -> None:
    store = open_memory()
    first = make_capture(NOW - timedelta(minutes=5))
    shadow = first.model_copy(update={"arm": "shadow", "model_version": 2})
    land(store, first, name="stream-1")
    land(store, first, shadow, name="stream-2")
    land(store, first)
    found = read_captures(store, NOW - HOUR, NOW + HOUR)
    assert [(one.arm, one.model_version) for one in found.captures] == [
        ("champion", 1),
        ("shadow", 2),
    ]


def test_capture_is_found_when_the_stream_put_it_into_a_neighbours_hour() -> None:
    store = open_memory()
    full_hour = (NOW - 2 * HOUR).replace(minute=0, second=0, microsecond=0)
    early = make_capture(full_hour + timedelta(seconds=20), 1)
    late = make_capture(full_hour - timedelta(seconds=1), 2)
    land(store, early, hour=full_hour - HOUR)
    land(store, late, hour=full_hour)
    wanted = {early.prediction_id, late.prediction_id, make_id(NOW, 9)}
    found = find_captures(store, wanted, model="m")
    assert ids(found.captures) == [late.prediction_id, early.prediction_id]
    window = read_captures(store, full_hour, full_hour + HOUR)
    assert ids(window.captures) == [early.prediction_id]


def test_other_models_and_what_is_no_capture_are_left_out() -> None:
    store = open_memory()
    land(store, make_capture(NOW - timedelta(minutes=5)))
    other = make_capture(NOW - timedelta(minutes=5), 1, model="other")
    land(store, other)
    store.put("captured/undelivered/processing-failed/x", b"no capture")
    found = read_captures(store, NOW - HOUR, NOW + HOUR, model="other")
    assert (ids(found.captures), found.broken) == ([other.prediction_id], 0)


def test_broken_line_is_counted() -> None:
    store = open_memory()
    good = make_capture(NOW - timedelta(minutes=5))
    store.put(keys.captured(good.served_at, "r"), to_lines([good]) + b'{"half"\n')
    found = read_captures(store, NOW - HOUR, NOW + HOUR)
    assert (ids(found.captures), found.broken) == ([good.prediction_id], 1)


@pytest.mark.parametrize(("name", "value"), [("MAX_OBJECTS", 2), ("MAX_BYTES", 1000)])
def test_newest_objects_are_read_when_there_are_too_many(
    name: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captures, name, value)
    store = open_memory()
    made = [make_capture(NOW - timedelta(minutes=5), number) for number in range(8)]
    for one in made:
        land(store, one)
    found = read_captures(store, NOW - HOUR, NOW + HOUR)
    assert found.truncated
    assert 0 < len(found.captures) < len(made)
    assert set(ids(found.captures)) <= set(ids(made[4:]))


def test_newest_rows_are_read_when_there_are_too_many() -> None:
    store = open_memory()
    made = [make_capture(NOW - timedelta(minutes=5), number) for number in range(8)]
    land(store, *made)
    found = read_captures(store, NOW - HOUR, NOW + HOUR, max_rows=3)
    assert (ids(found.captures), found.truncated) == (ids(made[-3:]), True)


def test_later_hours_are_listed_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "MAX_LISTED", 3)
    store = open_memory()
    old = [make_capture(NOW - 30 * HOUR, number) for number in range(3)]
    new = make_capture(NOW - timedelta(minutes=5))
    for one in [*old, new]:
        land(store, one)
    found = read_captures(store, NOW - 40 * HOUR, NOW + timedelta(minutes=1))
    assert (ids(found.captures), found.truncated) == ([new.prediction_id], True)
