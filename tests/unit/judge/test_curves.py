"""What evaluation keeps of curves and residuals, against scikit-learn's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from core.contract import Task
from tests.unit.training.worlds import make_contract
from training.data.reports import Curve
from training.judge.curves import MAX_POINTS, trace_classes
from training.judge.residuals import MAX_BINS, describe_residuals
from training.judge.score import Holdout
from training.judge.shares import find_share_interval


def trace(p: np.ndarray, target: np.ndarray, task: Task = "binary") -> tuple[Curve, ...]:
    baseline = np.tile(p.mean(axis=0), (len(p), 1))
    told = [("candidate", p), ("baseline", baseline), ("champion", None)]
    return trace_classes(make_contract(task), Holdout(task, target), told)


def draw(rows: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.ones(classes), size=rows)
    target = (p.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1).clip(0, classes - 1)
    target[:classes] = np.arange(classes)
    return p, target.astype(np.float64)


@given(st.integers(4, 190), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_short_curve_is_scikit_learns(rows: int, seed: int, ties: bool) -> None:  # noqa: FBT001
    p, target = draw(rows, 2, seed)
    p = np.round(p, 1) if ties else p
    candidate, baseline = trace(p, target)
    rates, recalls, thresholds = metrics.roc_curve(target, p[:, 1], drop_intermediate=False)
    assert candidate.false_positive_rates == pytest.approx(rates[1:], abs=1e-5)
    assert candidate.recalls == pytest.approx(recalls[1:], abs=1e-5)
    assert candidate.thresholds == pytest.approx(thresholds[1:], abs=1e-5)
    precisions, _, _ = metrics.precision_recall_curve(target, p[:, 1])
    assert candidate.precisions == pytest.approx(precisions[-2::-1], abs=1e-5)
    assert baseline.recalls == baseline.false_positive_rates == (1.0,)
    assert baseline.precisions[0] == pytest.approx(baseline.positive_share, abs=1e-5)


@pytest.mark.parametrize("positive", [0.5, 0.01])
def test_a_long_curve_is_thinned_and_keeps_its_area(positive: float) -> None:
    random = np.random.default_rng(0)
    target = (random.random(40_000) < positive).astype(np.float64)
    score = 1 / (1 + np.exp(-random.normal(2 * target - 2, 1)))
    p = np.column_stack([1 - score, score])
    (curve, _), again = trace(p, target), trace(p, target)
    assert again[0] == curve
    assert 100 < len(curve.thresholds) <= MAX_POINTS
    assert curve.recalls[-1] == curve.false_positive_rates[-1] == 1.0
    area = metrics.auc((0, *curve.false_positive_rates), (0, *curve.recalls))
    assert area == pytest.approx(metrics.roc_auc_score(target, score), abs=0.003)
    steps = np.diff((0, *curve.recalls)) @ np.array(curve.precisions)
    assert steps == pytest.approx(metrics.average_precision_score(target, score), abs=0.01)


def test_the_band_holds_the_curve_and_narrows_with_more_rows() -> None:
    widths = []
    for rows in (200, 3200):
        p, target = draw(rows, 2, 0)
        (curve, baseline) = trace(p, target)
        band = curve.band
        assert band is not None
        assert baseline.band is None
        own = np.interp(band.places, (0, *curve.false_positive_rates), (0, *curve.recalls))
        low, high = np.array(band.recall).T
        assert ((low - 0.02 <= own) & (own <= high + 0.02)).all()
        widths.append(float((high - low).mean()))
    assert widths[1] < widths[0] / 2.5


def test_of_several_classes_each_has_a_curve_against_the_rest() -> None:
    p, target = draw(300, 3, 1)
    curves = [each for each in trace(p, target, "multiclass") if each.model == "candidate"]
    assert [each.label for each in curves] == ["low", "middle", "high"]
    for place, curve in enumerate(curves):
        area = metrics.auc((0, *curve.false_positive_rates), (0, *curve.recalls))
        assert area == pytest.approx(metrics.roc_auc_score(target == place, p[:, place]), abs=0.01)
    assert trace(p[:, :1], target, "regression") == ()


def test_a_class_that_the_holdout_lacks_has_no_curve() -> None:
    p, target = draw(60, 3, 1)
    target[target == 2] = 0
    curves = trace(p, target, "multiclass")
    assert {each.label for each in curves} == {"low", "middle"}
    assert trace(p[:, :2], np.zeros(60)) == ()


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe, R. (1998), "Two-sided confidence intervals for the single proportion", table I.
    for hits, rows, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)):
        assert find_share_interval(hits, rows) == pytest.approx((low, high), abs=1e-4)
    assert find_share_interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert find_share_interval(29, 29) == pytest.approx((0.8830, 1), abs=1e-4)


def test_residuals_tell_where_predictions_are_too_low() -> None:
    random = np.random.default_rng(0)
    predictions = random.uniform(0, 100, 3000)
    target = predictions + np.where(predictions > 80, 10, 0) + random.normal(0, 1, 3000)
    holdout = Holdout("regression", target, half_width=2.0)
    told = describe_residuals(holdout, predictions[:, None], np.full((3000, 1), target.mean()))
    assert told is not None
    assert len(told.bins) == MAX_BINS
    assert sum(each.rows for each in told.bins) == 3000
    assert sum(told.counts) == sum(told.baseline_counts) == 3000
    first, last = told.bins[0], told.bins[-1]
    assert first.low < first.mean < first.high
    assert abs(first.mean) < 0.5
    assert last.low < 10 < last.high
    assert first.covered == pytest.approx(0.954, abs=0.04)
    assert last.covered == 0.0
    assert first.quantiles == tuple(sorted(first.quantiles))


def test_too_few_rows_have_no_residuals() -> None:
    few = np.arange(9.0)
    assert describe_residuals(Holdout("regression", few), few[:, None], few[:, None]) is None
    p, target = draw(30, 2, 0)
    assert describe_residuals(Holdout("binary", target), p, p) is None
