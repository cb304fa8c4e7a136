import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.local.companion.samples import Sample, statistic

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


def samples_of(values: list[float]) -> list[Sample]:
    return [Sample.of(value, timestamp=0) for value in values]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SampleCount", 4), ("Sum", 16), ("Average", 4), ("Minimum", 2), ("Maximum", 10)],
)
def test_takes_the_basic_statistics(name: str, expected: float) -> None:
    seen = [Sample.of(2, timestamp=0, count=3), Sample.of(10, timestamp=0)]
    assert statistic(seen, name) == expected


@given(values=VALUES, percent=st.sampled_from([0, 1, 50, 90, 99, 99.9, 100]))
def test_percentile_equals_numpys_linear_one(values: list[float], percent: float) -> None:
    expected = float(np.percentile(values, percent))
    assert statistic(samples_of(values), f"p{percent}") == pytest.approx(expected)


def test_a_count_weighs_as_many_single_values() -> None:
    merged = [Sample.of(1, timestamp=0, count=99), Sample.of(100, timestamp=0)]
    single = samples_of([1.0] * 99 + [100.0])
    assert statistic(merged, "p99") == statistic(single, "p99")


def test_statistic_set_counts_as_its_members() -> None:
    published = [Sample(timestamp=0, count=4, total=20, minimum=1, maximum=9)]
    assert statistic(published, "Average") == 5


def test_a_statistic_set_of_different_values_has_no_percentile() -> None:
    assert statistic([Sample(0, 2, 3, 1, 2)], "p99") is None


@pytest.mark.parametrize("name", ["p101", "tm99", "Median", ""])
def test_rejects_an_unknown_statistic(name: str) -> None:
    assert statistic(samples_of([1.0]), name) is None


@pytest.mark.parametrize("samples", [[], [Sample.of(5, timestamp=0, count=0)]])
def test_there_is_no_statistic_when_there_is_no_value(samples: list[Sample]) -> None:
    assert statistic(samples, "Sum") is None
