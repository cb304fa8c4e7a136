import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contract import Column, Contract
from core.inputs import ModelInputs
from core.profile import ReferenceProfile, build_profile
from training.report.histograms import Histogram, compare_profiles

CONTRACT = Contract(
    dataset="world", task="regression", target="t",
    columns=(
        Column(name="x", kind="numeric"), Column(name="yes", kind="boolean"),
        Column(name="level", kind="categorical"),
    ),
)  # fmt: skip


def profile(x: np.ndarray, level: str = "a") -> ReferenceProfile:
    numeric = np.column_stack([x, np.arange(len(x)) % 2]).astype(np.float32)
    strings = np.array([level, "b", ""], dtype=object)[np.arange(len(x)) % 3].reshape(-1, 1)
    return build_profile(CONTRACT, ModelInputs(numeric, strings), np.nan_to_num(x))


def compare(x: np.ndarray, before: np.ndarray) -> dict[str, Histogram]:
    return {each.column: each for each in compare_profiles(profile(x), profile(before, "c"))}


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.booleans())
@settings(max_examples=25, deadline=None)
def test_shares_are_shares_whatever_the_columns_hold(
    seed: int,
    shift: float,
    whole: bool,  # noqa: FBT001
) -> None:
    random = np.random.default_rng(seed)
    x, before = random.normal(0, 1, 300), random.normal(shift, 2, 200)
    x[::7] = np.nan
    found = compare(*(np.round(each) if whole else each for each in (x, before)))
    for each in found.values():
        assert each.before is not None
        for shares in (each.now, each.before):
            assert len(shares) == len(each.labels)
            assert min(shares) >= 0
            assert sum(shares) == pytest.approx(1)
        assert not each.edges or len(each.labels) == len(each.edges) + 2
    assert found["x"].now[-1] == pytest.approx(np.isnan(x).mean())


def test_bins_hold_about_the_rows_that_are_in_them() -> None:
    random = np.random.default_rng(0)
    x, before = random.normal(0, 1, 20_000), random.normal(0.3, 1, 20_000)
    found = compare(x, before)["x"]
    assert found.before is not None
    for values, shares in ((x, found.now), (before, found.before)):
        counts = np.bincount(np.searchsorted(found.edges, values), minlength=len(found.edges) + 1)
        assert shares[:-1] == pytest.approx(counts / len(values), abs=0.02)
    assert found.change == pytest.approx(0.09, abs=0.03)


def test_the_most_changed_column_leads_and_the_score_ends() -> None:
    x = np.arange(300.0)
    histograms = compare_profiles(profile(x), profile(x, "c"))
    assert [each.column for each in histograms] == ["level", "x", "yes", "output"]
    assert histograms[0].labels == ("a", "b", "c", "all others", "missing")
    assert histograms[1].change == pytest.approx(0, abs=1e-9)
    assert histograms[2].labels == ("false", "true", "missing")


@pytest.mark.parametrize("before", [np.full(50, 3.0), np.full(50, np.nan), np.arange(50) + 1e6])
def test_columns_with_nothing_in_common_can_be_compared(before: np.ndarray) -> None:
    found = compare(np.full(50, 3.0), before)["x"]
    assert found.before is not None
    assert sum(found.before) == pytest.approx(1)


def test_a_column_that_is_new_has_no_past() -> None:
    now = profile(np.arange(50.0))
    before = now.model_copy(update={"numeric": now.numeric[1:]})
    found = {each.column: each for each in compare_profiles(now, before)}
    assert found["x"].before is None
    assert found["x"].change is None
    assert compare_profiles(now, None)[-1].before is None
