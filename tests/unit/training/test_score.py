import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from core.contract import Task
from core.metrics import brier_score
from training.judge.classes import make_bins
from training.judge.resample import RESAMPLES, draw_weights, find_interval, mirror_interval
from training.judge.score import Holdout

Array = NDArray[np.float64]


def draw(classes: int, rows: int, seed: int) -> tuple[Array, Array]:
    """Probabilities on a coarse grid (so that there are ties), and outcomes."""
    random = np.random.default_rng(seed)
    p = np.round(random.dirichlet(np.ones(classes), size=rows), 2) + 0.01
    p /= p.sum(axis=1, keepdims=True)
    target = (p.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1).clip(0, classes - 1)
    return p, target.astype(np.float64)


def binary_metrics(p: Array, y: Array, threshold: float = 0.5) -> dict[str, float]:
    said = p[:, 1] >= threshold
    return {
        "roc_auc": metrics.roc_auc_score(y, p[:, 1]),
        "pr_auc": metrics.average_precision_score(y, p[:, 1]),
        "log_loss": metrics.log_loss(y, p, labels=[0, 1]),
        "accuracy": metrics.accuracy_score(y, said),
        "f1": metrics.f1_score(y, said, zero_division=0.0),
        "precision": metrics.precision_score(y, said, zero_division=0.0),
        "recall": metrics.recall_score(y, said, zero_division=0.0),
        "mcc": metrics.matthews_corrcoef(y, said),
        "brier_score": brier_score(p, y),
    }


def multiclass_metrics(p: Array, y: Array) -> dict[str, float]:
    said, labels = p.argmax(axis=1), list(range(p.shape[1]))
    found = {
        "log_loss": metrics.log_loss(y, p, labels=labels),
        "accuracy": metrics.accuracy_score(y, said),
        "mcc": metrics.matthews_corrcoef(y, said),
        "brier_score": brier_score(p, y),
    }
    for average in ("macro", "weighted"):
        common = {"labels": labels, "average": average, "zero_division": 0.0}
        found[f"{average}_f1"] = metrics.f1_score(y, said, **common)
        found[f"{average}_precision"] = metrics.precision_score(y, said, **common)
        found[f"{average}_recall"] = metrics.recall_score(y, said, **common)
        found[f"{average}_roc_auc"] = metrics.roc_auc_score(
            y, p, labels=labels, multi_class="ovr", average=average
        )
        found[f"{average}_pr_auc"] = metrics.average_precision_score(
            np.eye(len(labels))[y.astype(int)], p, average=average
        )
    return found


@given(st.integers(30, 300), st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_binary_metrics_are_scikit_learns(rows: int, seed: int, threshold: float) -> None:
    p, y = draw(2, rows, seed)
    y[:2] = [0, 1]
    found = Holdout("binary", y, threshold=threshold).score(p)
    error = found.pop("expected_calibration_error")
    assert found == pytest.approx(binary_metrics(p, y, threshold), abs=1e-9)
    assert 0 <= error <= 1


@given(st.integers(3, 6), st.integers(30, 200), st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_multiclass_metrics_are_scikit_learns(classes: int, rows: int, seed: int) -> None:
    p, y = draw(classes, rows, seed)
    y[:classes] = np.arange(classes)
    found = Holdout("multiclass", y).score(p)
    found.pop("expected_calibration_error")
    assert found == pytest.approx(multiclass_metrics(p, y), abs=1e-9)


@given(st.integers(2, 200), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1e6]))
@settings(max_examples=30, deadline=None)
def test_regression_metrics_are_scikit_learns(rows: int, seed: int, far: float) -> None:
    random = np.random.default_rng(seed)
    y = random.normal(far, 1, rows)
    answers = y + random.normal(0, 0.5, rows)
    found = Holdout("regression", y, half_width=0.5).score(answers.reshape(-1, 1))
    assert found == pytest.approx(
        {
            "mean_absolute_error": metrics.mean_absolute_error(y, answers),
            "root_mean_squared_error": metrics.root_mean_squared_error(y, answers),
            "r2": metrics.r2_score(y, answers),
            "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error(y, answers),
            "interval_coverage": np.mean(np.abs(y - answers) <= 0.5),
        },
        rel=1e-6,
    )


def test_a_resample_is_measured_as_its_rows_would_be() -> None:
    p, y = draw(2, 60, 5)
    (weights,) = draw_weights(60, seed=1)
    scores = Holdout("binary", y).open_scores(p)
    many = scores.measure(weights)
    for place in range(10):
        rows = np.repeat(np.arange(60), weights[place].astype(int))
        expected = binary_metrics(p[rows], y[rows])
        del expected["brier_score"]
        assert {name: many[name][place] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_metrics_that_the_rows_leave_undefined_are_left_out() -> None:
    p = np.array([[0.7, 0.3], [0.4, 0.6]])
    found = Holdout("binary", np.zeros(2)).score_with_intervals(p)
    assert {"roc_auc", "pr_auc"}.isdisjoint(found.metrics)
    assert found.metrics["recall"] == 0
    constant = Holdout("regression", np.zeros(3)).score(np.ones((3, 1)))
    assert set(constant) == {"mean_absolute_error", "root_mean_squared_error"}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_metric_lies_in_an_interval_that_the_seed_decides(task: Task) -> None:
    p, y = draw({"binary": 2, "multiclass": 4, "regression": 2}[task], 500, 3)
    if task == "regression":
        p = p[:, 1:]
    first = Holdout(task, y, seed=4).score_with_intervals(p)
    assert set(first.intervals) == set(first.metrics)
    for name, (low, high) in first.intervals.items():
        # Resampling adds noise to a calibration error, so its interval lies above it.
        assert low < high
        assert name == "expected_calibration_error" or low <= first.metrics[name] <= high
    assert Holdout(task, y, seed=4).score_with_intervals(p) == first
    assert Holdout(task, y, seed=5).score_with_intervals(p) != first


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    # The expected Brier score of p against outcomes drawn with p is E[p(1-p)].
    random, held = np.random.default_rng(0), 0
    for seed in range(200):
        p = random.random(300)
        y = (random.random(300) < p).astype(np.float64)
        found = Holdout("binary", y, seed=seed).score_with_intervals(np.column_stack([1 - p, p]))
        low, high = found.intervals["brier_score"]
        held += low <= 1 / 6 <= high
    assert 180 <= held <= 199


def test_a_paired_comparison_sees_what_an_unpaired_one_would_not() -> None:
    random = np.random.default_rng(0)
    y = random.normal(0, 100, 400)
    hard = random.normal(0, 50, 400)
    better, worse = (y + hard).reshape(-1, 1), (y + 1.05 * hard).reshape(-1, 1)
    found = Holdout("regression", y).compare(better, worse)
    assert found.low < found.difference < found.high < 0
    assert found.share_better == 1.0
    alone = Holdout("regression", y).score_with_intervals(better).intervals["mean_absolute_error"]
    assert alone[1] - alone[0] > 2 * abs(found.difference)


def test_the_same_model_is_neither_better_nor_worse_than_itself() -> None:
    p, y = draw(2, 100, 0)
    found = Holdout("binary", y).compare(p, p)
    assert (found.difference, found.low, found.high, found.share_better) == (0, 0, 0, 0)


def test_rows_of_one_group_are_drawn_together_and_tell_less() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 25)
    y = np.repeat(random.normal(0, 1, 40), 25)
    answers = np.zeros((1000, 1))
    alone = Holdout("regression", y).score_with_intervals(answers)
    joined = Holdout("regression", y, groups=groups).score_with_intervals(answers)
    widths = [
        high - low for low, high in (s.intervals["mean_absolute_error"] for s in (alone, joined))
    ]
    assert widths[1] > 3 * widths[0]
    for weights in draw_weights(1000, seed=0, groups=groups):
        assert (weights.reshape(-1, 40, 25) == weights[:, ::25, np.newaxis]).all()


def test_an_interval_that_most_resamples_leave_undefined_is_none() -> None:
    assert find_interval(np.array([1.0, np.nan, np.nan])) is None
    assert find_interval(np.array([1.0, 1.0, np.nan])) == (1.0, 1.0)


def test_draws_fewer_resamples_when_rows_are_many() -> None:
    assert sum(len(part) for part in draw_weights(100, seed=0)) == RESAMPLES
    assert sum(len(part) for part in draw_weights(400_000, seed=0, width=20)) == 50


def test_chance_alone_explains_the_calibration_error_of_the_truth() -> None:
    random = np.random.default_rng(0)
    p = random.random(2000)
    pairs = np.column_stack([1 - p, p])
    y = (random.random(2000) < p).astype(np.float64)
    limit = np.percentile(make_bins(pairs).draw_errors(200, seed=0), 99)
    assert Holdout("binary", y).score(pairs)["expected_calibration_error"] <= limit
    wrong = np.column_stack([1 - p**2, p**2])
    assert Holdout("binary", y).score(wrong)["expected_calibration_error"] > 2 * limit


def test_twenty_thousand_rows_take_seconds_and_not_minutes() -> None:
    p, y = draw(2, 20_000, 0)
    began = time.process_time()
    Holdout("binary", y).score_with_intervals(p)
    # Two seconds on a free core; the bound is loose because a timed test must not depend on it.
    assert time.process_time() - began < 20


@pytest.mark.parametrize("wrong_by", [0.0, 0.05])
def test_nine_of_ten_intervals_hold_the_true_calibration_error(wrong_by: float) -> None:
    """Percentiles of resamples alone hold an error of 0 in no trial at all."""
    held = percentiles_held = 0
    for trial in range(40):
        random = np.random.default_rng(trial)
        p = random.uniform(0.1, 0.9, 2000)
        target = (random.random(2000) < p + wrong_by).astype(np.float64)
        bins, holdout = make_bins(np.column_stack([1 - p, p])), Holdout("binary", target)
        (value,) = bins.measure_error(np.ones((1, len(p))), target)
        by_chance = float(np.percentile(bins.draw_errors(200, seed=trial), 97.5))
        resampled = [bins.measure_error(weights, target) for weights in holdout.draw(2)]
        plain = find_interval(np.concatenate(resampled))
        assert plain is not None
        low, high = mirror_interval(float(value), plain, by_chance=by_chance)
        assert 0 <= low <= value <= high
        held += low <= wrong_by <= high
        percentiles_held += plain[0] <= wrong_by <= plain[1]
    assert held >= 36
    assert wrong_by > 0 or percentiles_held == 0
