import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from curriculum.child.codec import pack, unpack

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(plain)
def test_json_comes_back_as_it_was(value: object) -> None:
    assert unpack(pack(value)) == value


def test_numbers_keep_their_kind_and_gaps_stay_gaps() -> None:
    back = unpack(pack([math.nan, math.inf, 2**70, {"$": 1}, {1: "a", "1": "b"}]))
    assert math.isnan(back[0])
    assert back[1:] == [math.inf, 2**70, {"$": 1}, {1: "a", "1": "b"}]


@dataclass
class Point:
    x: int
    y: int


@pytest.mark.parametrize(
    ("given_value", "arrives"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        ({3, 1}, [1, 3]),
        ({"b", 1}, [1, "b"]),
        (np.int64(3), 3),
        (np.array([True])[0], True),
        (np.str_("a"), "a"),
        ({np.int64(1): np.float32(0.5)}, {1: 0.5}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (dt.date(2026, 1, 2), dt.date(2026, 1, 2)),
        (dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)),
        (pd.NA, None),
        (pd.NaT, None),
    ],
)
def test_what_learners_naturally_return_is_read_as_they_mean_it(
    given_value: object, arrives: object
) -> None:
    back = unpack(pack(given_value))
    assert back == arrives
    assert type(back) is type(arrives)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([[True], [False]]),
        np.array(["a", "bc"]),
        np.array("2026-01-01", dtype="datetime64[D]"),
        np.zeros((0, 4)),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array([1, None, "a", [2]], dtype=object),
        np.array(3.5),
    ],
    ids=repr,
)
def test_arrays_come_back_with_shape_and_type(array: "np.ndarray[Any, Any]") -> None:
    back = unpack(pack({"deep": [array]}))["deep"][0]
    assert (back.shape, back.dtype) == (array.shape, array.dtype)
    assert np.array_equal(back, array)


def test_sparse_matrices_arrive_dense() -> None:
    assert unpack(pack(scipy.sparse.csr_matrix([[0, 2]]))).tolist() == [[0, 2]]


def test_frames_come_back_with_every_kind_of_column() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.0, math.nan],
            "whole": pd.array([1, None], dtype="Int64"),
            "text": ["a", None],
            "object": pd.Series([{"a": 1}, None], dtype=object),
            "level": pd.Categorical(["lo", "hi"], categories=["lo", "hi"], ordered=True),
            "day": pd.to_datetime(["2026-01-01", None]),
            "zone": pd.to_datetime(["2026-01-01T03:00Z", "2026-01-02T03:00Z"]),
            "flag": [True, False],
        },
        index=pd.Index(["r1", "r2"], name="row"),
    )
    pd.testing.assert_frame_equal(unpack(pack(frame)), frame)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame(index=[3, 4]),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
        pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 7, name="n")),
    ],
    ids=["empty", "no columns", "twice the same name", "two levels", "range"],
)
def test_odd_frames_come_back(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(unpack(pack(frame)), frame, check_column_type=False)


def test_series_and_indexes_come_back() -> None:
    series = pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]), name="n")
    pd.testing.assert_series_equal(unpack(pack(series)), series)
    pd.testing.assert_index_equal(unpack(pack(pd.Index(["x", "y"]))), pd.Index(["x", "y"]))


@pytest.mark.parametrize("value", [object(), print, pd, {"a": [object()]}, pd.Interval(0, 1)])
def test_rejects_what_is_no_data_and_names_its_type(value: object) -> None:
    with pytest.raises(TypeError, match="which is not plain data"):
        pack(value)


def test_nothing_in_a_message_is_executed() -> None:
    held = np.array([Point(1, 2)], dtype=object)
    assert unpack(pack(held)).tolist() == [{"x": 1, "y": 2}]
