"""The fairness numbers are fairlearn's, which is too large for the package that computes ours."""

from collections.abc import Callable

import numpy as np
import pytest
from fairlearn import metrics as fair
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from core.contract import Column, Contract
from core.inputs import ModelInputs
from training.judge.score import Holdout
from training.judge.slices import Answered, compare_groups, slice_holdout

CONTRACT = Contract(
    dataset="world",
    task="binary",
    target="t",
    classes=("no", "yes"),
    columns=(Column(name="region", kind="categorical", sensitive=True),),
)
AGGREGATES: dict[str, Callable[..., float]] = {
    f"{measure}_{form}": getattr(fair, f"{measure}_{form}")
    for measure in ("demographic_parity", "equal_opportunity", "equalized_odds")
    for form in ("difference", "ratio")
}


@given(
    seed=st.integers(0, 2**32 - 1),
    groups=st.integers(2, 6),
    threshold=st.floats(0.2, 0.8),
    rows=st.integers(300, 900),
)
@settings(max_examples=25, deadline=None)
def test_rates_and_differences_are_fairlearns(
    seed: int, groups: int, threshold: float, rows: int
) -> None:
    random = np.random.default_rng(seed)
    regions = np.array([f"r{place}" for place in random.integers(0, groups, rows)], dtype=object)
    p = random.beta(2, 2, rows)
    target = (random.random(rows) < p).astype(np.float64)
    answers = np.column_stack([1 - p, p])
    inputs = ModelInputs(np.empty((rows, 0), np.float32), regions.reshape(-1, 1))
    answered = Answered(Holdout("binary", target, threshold=threshold), inputs, answers, answers)
    slices = slice_holdout(CONTRACT, answered)
    (found,) = compare_groups(CONTRACT, slices)

    said = p >= threshold
    frame = fair.MetricFrame(
        metrics={
            "selection_rate": fair.selection_rate,
            "true_positive_rate": fair.true_positive_rate,
            "false_positive_rate": fair.false_positive_rate,
            "precision": lambda y, s: precision_score(y, s, zero_division=np.nan),
        },
        y_true=target,
        y_pred=said,
        sensitive_features=regions,
    )
    assert found.groups == len(frame.by_group) == groups
    for each in slices:
        expected = frame.by_group.loc[each.value].dropna().to_dict()
        assert each.rates == pytest.approx(expected)
        for name, (low, high) in each.rate_intervals.items():
            assert low <= each.rates[name] <= high
    for name, difference in frame.difference().items():
        assert found.differences[str(name)] == pytest.approx(difference)
    for name, measure in AGGREGATES.items():
        ours = measure(target, said, sensitive_features=regions)
        assert found.differences[name] == pytest.approx(ours), name


def test_a_group_without_positives_is_left_out_of_their_rate_only() -> None:
    rows = 300
    regions = np.array(["a", "b", "c"], dtype=object)[np.arange(rows) % 3]
    random = np.random.default_rng(0)
    p = random.random(rows)
    target = np.where(regions == "c", 0.0, (random.random(rows) < p).astype(float))
    answers = np.column_stack([1 - p, p])
    inputs = ModelInputs(np.empty((rows, 0), np.float32), regions.reshape(-1, 1))
    slices = slice_holdout(CONTRACT, Answered(Holdout("binary", target), inputs, answers, answers))
    (found,) = compare_groups(CONTRACT, slices)
    rates = {each.value: each.rates for each in slices}
    assert "true_positive_rate" not in rates["c"]
    among = [rates[name]["true_positive_rate"] for name in "ab"]
    assert found.differences["equal_opportunity_difference"] == pytest.approx(
        max(among) - min(among)
    )
    assert found.differences["demographic_parity_difference"] > 0


def test_only_sensitive_columns_have_intervals_of_rates() -> None:
    contract = CONTRACT.model_copy(update={"columns": (Column(name="region", kind="categorical"),)})
    rows = 60
    inputs = ModelInputs(np.empty((rows, 0), np.float32), np.full((rows, 1), "x", dtype=object))
    p = np.full((rows, 2), 0.5)
    answered = Answered(Holdout("binary", (np.arange(rows) % 2).astype(np.float64)), inputs, p, p)
    assert slice_holdout(contract, answered)[0].rate_intervals == {}
