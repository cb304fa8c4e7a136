import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Column, Contract
from core.drift import MIN_ROWS, measure_drift, population_stability_index
from core.inputs import ModelInputs
from core.profile import build_profile
from tests.unit.core.test_profile import CONTRACT, make_inputs

SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=12).filter(lambda s: sum(s) > 0.01)


@given(SHARES, st.integers(0, 2**32 - 1))
def test_the_index_is_never_negative_and_symmetric(shares: list[float], seed: int) -> None:
    e = np.array(shares) / sum(shares)
    o = np.random.default_rng(seed).permutation(e)
    assert population_stability_index(e, o) >= 0
    assert population_stability_index(e, o) == pytest.approx(population_stability_index(o, e))


@given(SHARES, st.floats(1e-9, 1))
def test_the_index_is_zero_for_identical_shares(shares: list[float], smoothing: float) -> None:
    e = np.array(shares) / sum(shares)
    assert population_stability_index(e, e, smoothing=smoothing) == 0


def test_the_index_is_the_textbooks_when_no_bin_is_empty() -> None:
    # (0.3-0.2)·ln(0.3/0.2) + (0.7-0.8)·ln(0.7/0.8), by hand.
    assert population_stability_index([0.2, 0.8], [0.3, 0.7], smoothing=1e-12) == pytest.approx(
        0.0405465 + 0.0133531, abs=1e-6
    )


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_drift_is_the_same_when_rows_come_in_another_order(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    profile = build_profile(CONTRACT, make_inputs(rng, 500), rng.random(500))
    live, scores = make_inputs(rng, rows, shift=2), rng.random(rows)
    order = rng.permutation(rows)
    shuffled = ModelInputs(numeric=live.numeric[order], strings=live.strings[order])
    assert measure_drift(profile, live, scores) == measure_drift(profile, shuffled, scores[order])


def test_there_is_no_drift_when_the_rows_are_the_reference() -> None:
    rng = np.random.default_rng(1)
    inputs, scores = make_inputs(rng, 500), rng.random(500)
    report = measure_drift(build_profile(CONTRACT, inputs, scores), inputs, scores)
    assert (report.largest, report.output, set(report.columns.values())) == (0, 0, {0.0})


def test_chance_alone_raises_no_alarm_when_the_window_is_the_smallest_allowed() -> None:
    rng = np.random.default_rng(2)
    profile = build_profile(CONTRACT, make_inputs(rng, 2_000), rng.random(2_000))
    largest = [
        measure_drift(profile, make_inputs(rng, MIN_ROWS), rng.random(MIN_ROWS)).largest
        for _ in range(500)
    ]
    assert max(largest) < 0.25


def test_a_shifted_column_is_named_when_it_moved_most() -> None:
    rng = np.random.default_rng(3)
    profile = build_profile(CONTRACT, make_inputs(rng, 2_000), rng.random(2_000))
    report = measure_drift(profile, make_inputs(rng, MIN_ROWS, shift=4), rng.random(MIN_ROWS))
    assert report.largest_column == "usage"
    assert report.largest == report.columns["usage"] > 0.25
    assert max(report.columns["plan"], report.columns["autopay"]) < 0.1


@pytest.mark.parametrize("moved_to", [4.0, 30.0])
def test_rows_that_leave_a_cap_are_drift_whichever_way_they_go(moved_to: float) -> None:
    rng = np.random.default_rng(8)

    def draw(rows: int) -> ModelInputs:
        inputs = make_inputs(rng, rows)
        inputs.numeric[inputs.numeric > 10] = 10  # half of the usage
        return inputs

    scores = rng.random(2_000)
    profile = build_profile(CONTRACT, draw(2_000), scores)
    assert measure_drift(profile, draw(2_000), scores).columns["usage"] < 0.01
    live = draw(2_000)
    live.numeric[live.numeric == 10] = moved_to
    assert measure_drift(profile, live, scores).columns["usage"] > 0.25


def test_the_score_is_named_when_it_moved_most() -> None:
    rng = np.random.default_rng(4)
    inputs, scores = make_inputs(rng, 1_000), rng.random(1_000)
    report = measure_drift(build_profile(CONTRACT, inputs, scores), inputs, np.ones(1_000))
    assert (report.largest, report.largest_column) == (report.output, None)
    assert report.largest > 0.25


def test_unseen_levels_and_missing_values_are_drift() -> None:
    rng = np.random.default_rng(5)
    inputs, scores = make_inputs(rng, 1_000), rng.random(1_000)
    profile = build_profile(CONTRACT, inputs, scores)
    strings = np.full((1_000, 1), "never seen", dtype=object)
    numeric = np.full((1_000, 2), np.nan, dtype=np.float32)
    report = measure_drift(profile, ModelInputs(numeric=numeric, strings=strings), scores)
    assert min(report.columns.values()) > 0.25


@pytest.mark.parametrize(("rows", "expected"), [(MIN_ROWS - 1, False), (MIN_ROWS, True)])
def test_there_is_a_verdict_only_when_there_are_enough_rows(rows: int, *, expected: bool) -> None:
    rng = np.random.default_rng(6)
    profile = build_profile(CONTRACT, make_inputs(rng, 500), rng.random(500))
    assert measure_drift(profile, make_inputs(rng, rows), rng.random(rows)).has_verdict is expected


def test_rejects_no_rows_and_rows_of_another_contract() -> None:
    rng = np.random.default_rng(7)
    profile = build_profile(CONTRACT, make_inputs(rng, 50), rng.random(50))
    with pytest.raises(ValueError, match="scores of shape"):
        measure_drift(profile, make_inputs(rng, 0), [])
    wide = ModelInputs(
        numeric=np.zeros((2, 3), dtype=np.float32), strings=np.full((2, 1), "", dtype=object)
    )
    with pytest.raises(ValueError, match="different contracts"):
        measure_drift(profile, wide, [0.5, 0.5])


def test_texts_drift_when_they_get_longer() -> None:
    contract = Contract(
        dataset="d",
        task="regression",
        target="y",
        columns=(Column(name="note", kind="text"), Column(name="plan", kind="categorical")),
    )
    rng = np.random.default_rng(0)

    def make(words: int) -> ModelInputs:
        notes = [" ".join(["word"] * rng.integers(1, words)) for _ in range(500)]
        strings = np.array([["pro", note] for note in notes], np.object_)
        return ModelInputs(np.empty((500, 0), np.float32), strings)

    scores = rng.random(500)
    profile = build_profile(contract, make(20), scores)
    assert measure_drift(profile, make(20), scores).columns["note"] < 0.05
    report = measure_drift(profile, make(60), scores)
    assert report.largest_column == "note"
    assert report.columns["plan"] == 0
