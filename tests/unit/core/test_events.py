import json
import re
import threading
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import InvalidInputError
from core.events import (
    Capture,
    Feedback,
    new_prediction_id,
    new_prediction_ids,
    parse_lines,
    time_of,
    to_lines,
)


def capture(**changes: object) -> Capture:
    prediction_id = new_prediction_id()
    fields: dict[str, object] = {
        "prediction_id": prediction_id,
        "model": "subscriptions",
        "model_version": 3,
        "served_at": time_of(prediction_id),
        "features": {"age": 41, "plan": "basic", "autopay": True, "usage": 1.5, "note": None},
        "probabilities": {"No": 0.75, "Yes": 0.25},
        "prediction": "No",
    }
    return Capture.model_validate(fields | changes)


def test_ids_made_at_once_grow_and_are_valid_when_they_overflow_the_counter() -> None:
    before = new_prediction_id()
    ids = new_prediction_ids(10_000)
    every = [before, *ids, new_prediction_id()]
    assert every == sorted(set(every))
    assert all(UUID(hex=one).version == 7 and UUID(hex=one).variant == RFC_4122 for one in ids)
    assert new_prediction_ids(0) == []


def test_ids_only_grow_when_many_are_made_at_once() -> None:
    ids = [new_prediction_id() for _ in range(20_000)]
    assert ids == sorted(set(ids))


def test_ids_are_distinct_when_threads_make_them() -> None:
    made: list[list[str]] = [[] for _ in range(4)]

    def make(into: list[str]) -> None:
        into.extend(new_prediction_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(into == sorted(into) for into in made)
    assert len({one for into in made for one in into}) == 8_000


def test_ids_still_grow_when_the_wall_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_prediction_id()
    monkeypatch.setattr("core.prediction_ids.time.time_ns", lambda: 1_000_000_000)
    assert new_prediction_id() > before


def test_an_id_is_a_version_7_uuid() -> None:
    parsed = UUID(hex=new_prediction_id())
    assert (parsed.version, parsed.variant) == (7, RFC_4122)


def test_time_of_reads_the_time_at_which_the_id_was_made() -> None:
    before = datetime.now(UTC)
    read = time_of(new_prediction_id())
    # A burst may run a few milliseconds ahead of the clock; the id keeps whole milliseconds.
    assert before - timedelta(milliseconds=1) <= read <= datetime.now(UTC) + timedelta(seconds=1)


@given(st.integers(0, 253_402_300_799_999))
def test_time_of_returns_what_the_id_holds(milliseconds: int) -> None:
    read = time_of(f"{milliseconds:012x}7abc9{'0' * 15}")
    assert (read - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1) == milliseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not-an-id",
        "0" * 32,
        "0190a5b8c3d47abc9def0123456789a",
        "0190A5B8C3D47ABC9DEF0123456789AB",
        "0190a5b8c3d44abc9def0123456789ab",
        "0190a5b8c3d47abcfdef0123456789ab",
        "0190a5b8c3d47abc9def0123456789ab\n",
        "../../registry/default",
        "ffffffffffff7abc9def0123456789ab",
    ],
)
def test_rejects_a_text_that_is_no_prediction_id(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        time_of(text)
    assert not text or text not in str(refused.value)


def test_captures_come_back_equal_when_written_and_read() -> None:
    written = [capture(), capture(probabilities=None, prediction=3.25)]
    read, broken = parse_lines(to_lines(written))
    assert (read, broken) == (written, 0)
    assert [type(value) for value in read[0].features.values()] == [
        int,
        str,
        bool,
        float,
        type(None),
    ]


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.none()
        | st.booleans()
        | st.text(max_size=20)
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False),
        max_size=5,
    )
)
def test_any_features_come_back_equal(features: dict[str, object]) -> None:
    written = capture(features=features)
    assert parse_lines(to_lines([written])) == ([written], 0)


def test_line_of_several_rows_is_read_row_by_row() -> None:
    ids = new_prediction_ids(2)
    line = {
        "format": 2,
        "model": "subscriptions",
        "model_version": 3,
        "arm": "challenger",
        "experiment": "challenger-1",
        "share": 0.1,
        "took_ms": 1.5,
        "prediction_ids": ids,
        "predictions": ["No", "Yes"],
        "probabilities": [{"No": 0.75, "Yes": 0.25}, {"No": 0.25, "Yes": 0.75}],
        "units": ["a", "b"],
        "request": {"records": [{"age": 1}, {"age": None}]},
    }
    body = json.dumps(line).encode()
    captures, broken = parse_lines(body)
    assert broken == 0
    assert [one.prediction_id for one in captures] == ids
    assert [one.served_at for one in captures] == [time_of(one) for one in ids]
    assert [(one.prediction, one.unit, one.features) for one in captures] == [
        ("No", "a", {"age": 1}),
        ("Yes", "b", {"age": None}),
    ]
    assert {(one.arm, one.experiment, one.share, one.took_ms) for one in captures} == {
        ("challenger", "challenger-1", 0.1, 1.5)
    }
    assert parse_lines(body, of={ids[1]}) == (captures[1:], 0)
    assert parse_lines(body, model="other") == ([], 0)


@pytest.mark.parametrize(
    "change",
    [{"format": 1}, {"prediction_ids": []}, {"request": {}}, {"predictions": [[]]}, {"arm": 1}],
)
def test_line_that_does_not_fit_together_is_broken(change: dict[str, object]) -> None:
    line = json.loads(to_lines([capture()])) | change
    assert parse_lines(json.dumps(line).encode()) == ([], 1)


def test_broken_lines_are_counted_and_hide_no_others() -> None:
    good = to_lines([capture()])
    read, broken = parse_lines(
        b'{"half": \n' + good + b"\n" + b'{"prediction_id": "x"}\n\xff\xfe\n'
    )
    assert (len(read), broken) == (1, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"prediction_id": "x"},
        {"served_at": datetime(2026, 5, 4)},  # noqa: DTZ001 - that it has no zone is the point
        {"features": {"usage": float("nan")}},
        {"prediction": float("inf")},
        {"surprise": 1},
    ],
)
def test_rejects_a_capture_that_breaks_a_rule(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        capture(**change)


def test_an_error_shows_no_value_when_feedback_is_wrong() -> None:
    with pytest.raises(ValidationError) as refused:
        Feedback.model_validate_json('{"prediction_id": "secret-cell", "model": "m"}')
    assert not re.search("secret-cell", str(refused.value))
