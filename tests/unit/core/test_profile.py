import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from core.contract import Column, Contract
from core.inputs import ModelInputs
from core.profile import (
    MAX_LEVELS,
    CategoryShares,
    NumericBins,
    ReferenceProfile,
    build_profile,
)

CONTRACT = Contract(
    dataset="subscriptions",
    task="binary",
    target="churned",
    classes=("No", "Yes"),
    columns=(
        Column(name="usage", kind="numeric"),
        Column(name="plan", kind="categorical"),
        Column(name="autopay", kind="boolean"),
    ),
    identifier=None,
    ignored=(),
)


def make_inputs(
    rng: np.random.Generator, rows: int, *, missing_share: float = 0.1, shift: float = 0.0
) -> ModelInputs:
    usage = rng.normal(10 + shift, 3, rows)
    autopay = rng.integers(0, 2, rows).astype(float)
    numeric = np.column_stack([usage, autopay]).astype(np.float32)
    numeric[rng.random((rows, 2)) < missing_share] = np.nan
    strings = rng.choice(["basic", "plus", "pro", ""], size=(rows, 1)).astype(object)
    return ModelInputs(numeric=numeric, strings=strings)


def make_profile(
    rng: np.random.Generator, rows: int, missing_share: float = 0.1
) -> ReferenceProfile:
    inputs = make_inputs(rng, rows, missing_share=missing_share)
    return build_profile(CONTRACT, inputs, rng.random(rows))


@given(st.integers(1, 400), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_shares_sum_to_one_when_values_are_missing(
    rows: int, missing_share: float, seed: int
) -> None:
    profile = make_profile(np.random.default_rng(seed), rows, missing_share)
    parts: list[NumericBins | CategoryShares] = [*profile.numeric, *profile.categorical]
    for part in [*parts, profile.output]:
        assert part.vector().sum() == pytest.approx(1)
        assert part.vector().min() >= 0


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_a_profile_is_the_same_when_rows_come_in_another_order(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs, scores = make_inputs(rng, rows), rng.random(rows)
    order = rng.permutation(rows)
    shuffled = ModelInputs(numeric=inputs.numeric[order], strings=inputs.strings[order])
    assert build_profile(CONTRACT, inputs, scores) == build_profile(
        CONTRACT, shuffled, scores[order]
    )


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_a_profile_survives_json(rows: int, seed: int) -> None:
    profile = make_profile(np.random.default_rng(seed), rows)
    assert ReferenceProfile.model_validate_json(profile.model_dump_json()) == profile


@given(
    st.lists(
        st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1.0, float("nan"), float("inf")]),
        min_size=1,
        max_size=200,
    )
)
def test_measuring_the_profiled_values_again_gives_the_profile(values: list[float]) -> None:
    contract = CONTRACT.model_copy(update={"columns": (Column(name="usage", kind="numeric"),)})
    x = np.array(values, dtype=np.float32).reshape(-1, 1)
    inputs = ModelInputs(numeric=x, strings=np.empty((len(x), 0), dtype=object))
    (part,) = build_profile(contract, inputs, np.zeros(len(x))).numeric
    np.testing.assert_array_equal(part.measure(x[:, 0]), part.vector())


def profile_of(values: NDArray[np.float64], kind: str = "numeric") -> NumericBins:
    column = Column.model_validate({"name": "usage", "kind": kind})
    contract = CONTRACT.model_copy(update={"columns": (column,)})
    inputs = ModelInputs(
        numeric=values.astype(np.float32).reshape(-1, 1),
        strings=np.empty((len(values), 0), dtype=object),
    )
    return build_profile(contract, inputs, np.zeros(len(values))).numeric[0]


def test_bins_hold_a_tenth_each_when_values_are_spread() -> None:
    part = profile_of(np.arange(1000.0))
    assert part.shares == pytest.approx([0.1] * 10)


@pytest.mark.parametrize("atom", [0.0, 99.0])
def test_a_frequent_value_has_a_bin_of_its_own(atom: float) -> None:
    values = np.concatenate([np.full(950, atom), np.arange(1.0, 51.0)])
    assert max(profile_of(values).shares) == pytest.approx(0.95)


def test_a_cap_has_an_edge_that_larger_values_are_beyond() -> None:
    part = profile_of(np.concatenate([np.arange(1.0, 51.0), np.full(50, 99.0)]))
    assert (part.edges[-1], part.shares[-2:]) == (99.0, (0.5, 0.0))
    assert part.measure([50.0, 99.0, 99.1, 200.0])[-3:].tolist() == [0.25, 0.5, 0.0]


def test_a_constant_column_shows_any_other_value() -> None:
    part = profile_of(np.full(50, 5.0))
    assert part.measure([5.0, 4.9, 5.1, float("nan")]).tolist() == [0.25, 0.25, 0.25, 0.25]


def test_a_boolean_column_has_two_bins_when_one_value_was_never_seen() -> None:
    part = profile_of(np.ones(50), kind="boolean")
    assert (part.edges, part.shares) == ((0.5,), (0.0, 1.0))


def test_a_column_without_values_is_all_missing() -> None:
    part = profile_of(np.full(5, np.nan))
    assert (part.edges, part.missing_share) == ((), 1.0)


def test_unseen_levels_are_counted_as_other_and_empty_as_missing() -> None:
    part = CategoryShares(
        column="plan", levels=("basic",), shares=(1.0,), other_share=0.0, missing_share=0.0
    )
    values = np.array(["basic", "gold", "", "platinum"], dtype=object)
    assert part.measure(values).tolist() == [0.25, 0.5, 0.25]


def test_rare_levels_are_other_when_there_are_many() -> None:
    contract = CONTRACT.model_copy(update={"columns": (Column(name="plan", kind="categorical"),)})
    levels = [f"level-{n:02d}" for n in range(30) for _ in range(n + 1)]
    inputs = ModelInputs(
        numeric=np.empty((len(levels), 0), dtype=np.float32),
        strings=np.array(levels, dtype=object).reshape(-1, 1),
    )
    (part,) = build_profile(contract, inputs, np.zeros(len(levels))).categorical
    assert len(part.levels) == MAX_LEVELS
    assert part.levels[0] == "level-29"
    assert part.other_share == pytest.approx(sum(range(1, 11)) / len(levels))


@pytest.mark.parametrize(
    "change",
    [
        {"edges": [1.0, 1.0]},
        {"edges": [1.0]},
        {"shares": [0.5, 0.5, 0.5]},
        {"shares": [1.5, -0.5, 0.0]},
        {"missing_share": float("nan")},
    ],
)
def test_rejects_bins_that_are_not_whole(change: dict[str, object]) -> None:
    good = {"column": "x", "edges": [0.0, 1.0], "shares": [0.25, 0.5, 0.25], "missing_share": 0.0}
    assert NumericBins.model_validate(good)
    with pytest.raises(ValidationError):
        NumericBins.model_validate(good | change)


def test_rejects_scores_that_do_not_belong_to_the_rows() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="scores of shape"):
        build_profile(CONTRACT, make_inputs(rng, 5), [0.5])
