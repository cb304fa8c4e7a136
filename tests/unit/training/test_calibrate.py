from dataclasses import replace

import numpy as np
import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper

from core.contract import Column, Contract
from core.inputs import ModelInputs
from core.metrics import brier_score
from core.onnx_runtime import onnxruntime as ort
from training.data.arrays import Rows
from training.judge.graph import Graph
from training.judge.parity import TOLERANCE
from training.model.calibrate import (
    MAX_SIGMOID_SLOPE,
    MAX_STEP_SLOPE,
    calibrate,
    find_rows_at_knots,
)
from training.model.candidates import fit_candidate
from training.model.configure import CrossValidation, calibrate_answers
from training.model.export import export_graph
from training.model.export_calibration import export_calibration
from training.model.maps import Calibration, Sigmoid, Steps
from training.model.recipes import RECIPES


def odds(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(p) - np.log1p(-p))


def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)))


def draw(
    rows: int = 4000, *, slope: float = 1.0, offset: float = 0.0, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Answers whose log-odds are the true ones times `slope` plus `offset`."""
    random = np.random.default_rng(seed)
    truth = random.beta(0.8, 1.6, rows).clip(1e-4, 1 - 1e-4)
    target = (random.random(rows) < truth).astype(np.float64)
    told = logistic(slope * odds(truth) + offset)
    return np.column_stack([1 - told, told]), target, np.arange(rows) % 5, truth


def run(calibration: Calibration, probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    nodes, constants = export_calibration(calibration, source="raw", output="probabilities")
    shape = [None, probabilities.shape[1]]
    graph = helper.make_graph(
        nodes,
        "calibration",
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shape)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"raw": probabilities})[0], dtype=np.float64)


def as_pairs(p: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.column_stack([np.float32(1) - p, p])


@pytest.mark.parametrize(("slope", "offset"), [(2.5, 0.0), (0.4, 0.0), (1.0, 2.0), (1.7, -1.5)])
def test_a_distorted_answer_is_put_right(slope: float, offset: float) -> None:
    scores, target, folds, truth = draw(slope=slope, offset=offset)
    found = calibrate("binary", scores, target, folds)
    assert found.method != "none"
    assert found.losses[found.method] == min(found.losses.values())
    assert brier_score(found.scores, target) < brier_score(scores, target)
    assert found.calibration is not None
    assert np.abs(found.calibration.apply(scores)[:, 1] - truth).mean() < 0.02


def test_isotonic_wins_when_the_distortion_is_no_sigmoid() -> None:
    random = np.random.default_rng(2)
    p = random.random(20_000)
    truth = np.where(p < 0.5, 0.2, 0.8)
    target = (random.random(p.size) < truth).astype(np.float64)
    found = calibrate("binary", np.column_stack([1 - p, p]), target, np.arange(p.size) % 5)
    assert found.method == "isotonic"


def test_nothing_is_changed_when_the_answers_are_right_or_rows_are_few() -> None:
    target = np.array([0.0, 1.0] * 8)
    scores = np.tile([0.4, 0.6], (16, 1))
    found = calibrate("binary", scores, target, np.arange(16) % 2)
    assert (found.method, set(found.losses)) == ("none", {"none"})
    np.testing.assert_array_equal(found.scores, scores)


def test_a_regression_is_left_alone() -> None:
    found = calibrate("regression", np.ones((5, 1)), np.ones(5), np.zeros(5, np.int64))
    assert (found.method, found.losses) == ("none", {})


def test_a_map_that_would_turn_the_order_around_is_not_used() -> None:
    scores, target, folds, _ = draw()
    assert "sigmoid" not in calibrate("binary", scores[:, ::-1], target, folds).losses


def test_rows_that_no_fold_left_out_are_not_looked_at() -> None:
    scores, target, folds, _ = draw(slope=2.5)
    folds = np.where(np.arange(len(folds)) < 1000, -1, folds)
    unknown = scores.copy()
    unknown[:1000] = np.nan
    found = calibrate("binary", unknown, target, folds)
    assert found.method != "none"
    assert np.isnan(found.scores[:1000]).all()
    assert np.isfinite(found.scores[1000:]).all()


def test_no_row_is_calibrated_by_its_own_outcome() -> None:
    scores, target, folds, _ = draw(slope=2.5)
    first = calibrate("binary", scores, target, folds)
    turned = np.where(folds == 3, 1 - target, target)
    second = calibrate("binary", scores, turned, folds)
    same = folds == 3
    if first.method == second.method:
        np.testing.assert_array_equal(first.scores[same], second.scores[same])
        assert (first.scores[~same] != second.scores[~same]).any()


def test_more_classes_are_calibrated_one_by_one_and_sum_to_one() -> None:
    random = np.random.default_rng(1)
    truth = random.dirichlet([1, 2, 3], 6000)
    target = (truth.cumsum(axis=1) < random.random((6000, 1))).sum(axis=1).clip(0, 2)
    sharp = truth**3 / (truth**3).sum(axis=1, keepdims=True)
    found = calibrate("multiclass", sharp, target.astype(np.float64), np.arange(6000) % 5)
    assert found.calibration is not None
    assert len(found.calibration.maps) == 3
    np.testing.assert_allclose(found.scores.sum(axis=1), 1)
    assert brier_score(found.scores, target) < brier_score(sharp, target)
    answered = run(found.calibration, sharp.astype(np.float32))
    np.testing.assert_allclose(answered, found.calibration.apply(sharp), atol=3e-6)


@given(st.floats(0.3, 8.0), st.floats(-4.0, 4.0), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_an_exported_map_answers_alike_on_its_bends_and_beside_them(
    slope: float, offset: float, seed: int
) -> None:
    scores, target, folds, _ = draw(2500, slope=slope, offset=offset, seed=seed)
    for method in ("sigmoid", "isotonic"):
        found = _fit_one(method, scores, target, folds)
        if found is None:
            continue
        (each,) = found.maps
        bends = each.knots if isinstance(each, Steps) else np.array([each.edge, 1 - each.edge])
        on = bends.astype(np.float32)
        near = [np.nextafter(on, np.float32(limit)) for limit in (-1, 2)]
        planted = np.concatenate([on, *near, np.linspace(0, 1, 501, dtype=np.float32)])
        pairs = as_pairs(planted.clip(0, 1))
        answered = run(found, pairs)
        np.testing.assert_allclose(answered, found.apply(pairs.astype(np.float64)), atol=2e-6)
        assert (
            np.diff(found.apply(as_pairs(np.sort(planted)).astype(np.float64))[:, 1]) >= 0
        ).all()


def _fit_one(
    method: str, scores: NDArray[np.float64], target: NDArray[np.float64], folds: NDArray[np.int64]
) -> Calibration | None:
    from training.model import calibrate as module  # noqa: PLC0415

    return module._fit(method, scores, target.astype(np.int64), MAX_SIGMOID_SLOPE)  # type: ignore[arg-type]


@given(st.floats(0.2, 20.0), st.floats(-6.0, 6.0), st.integers(0, 3))
@example(slope=19.265625, offset=-2.5, seed=3)  # answers of 1, and others a last digit below
@settings(max_examples=10, deadline=None)
def test_no_map_is_steeper_than_float32_bears(slope: float, offset: float, seed: int) -> None:
    scores, target, folds, _ = draw(2500, slope=slope, offset=offset, seed=seed)
    for method, limit in (("sigmoid", MAX_SIGMOID_SLOPE), ("isotonic", MAX_STEP_SLOPE)):
        found = _fit_one(method, scores, target, folds)
        if found is not None:
            p = np.sort(np.concatenate([np.linspace(0, 1, 20_001), np.geomspace(1e-9, 0.5, 2000)]))
            q = found.maps[0].apply(p)
            apart = np.diff(p) > 1e-12
            assert (np.diff(q)[apart] / np.diff(p)[apart]).max() <= limit * 1.01
            assert (q >= 0).all()
            assert (q <= 1).all()


@pytest.mark.parametrize("candidate", ["linear", "boosting", "forest", "neural"])
@pytest.mark.parametrize("slope", [1.3, 2.5, 5.0])
def test_a_model_that_is_sure_answers_as_scikit_learn_when_it_was_too_sure(
    candidate: str, slope: float
) -> None:
    scores, target, folds, _ = draw(slope=slope)
    column = Column(name="x", kind="numeric")
    contract = Contract(
        dataset="d", task="binary", target="y", classes=("no", "yes"), columns=(column,)
    )
    numbers = np.linspace(-1, 1, len(target), dtype=np.float32).reshape(-1, 1)
    inputs = ModelInputs(numbers, np.empty((len(target), 0), np.object_))
    rows = Rows(inputs, (numbers[:, 0] > 0).astype(np.float64))
    crossed = CrossValidation(scores, folds, (0.0,) * 5)
    judged = replace(rows, target=target)
    _, found = calibrate_answers(RECIPES[candidate], judged, contract, crossed)
    assert found.method != "none"
    fitted = fit_candidate(RECIPES[candidate], rows, contract, seed=0)
    model = replace(fitted, calibration=found.calibration)
    expected, answered = model.predict(rows.inputs), Graph(export_graph(model)).predict(rows.inputs)
    np.testing.assert_allclose(answered, expected, atol=TOLERANCE, rtol=0)


def test_finds_the_rows_beside_each_bend() -> None:
    p = np.array([0.9, 0.1, 0.5, 0.3])
    steps = Steps(np.array([0.2, 0.6]), np.array([0.1, 0.8]))
    found = find_rows_at_knots(Calibration("isotonic", (steps,)), np.column_stack([1 - p, p]))
    assert found.tolist() == [0, 1, 2, 3]
    sigmoid = Calibration("sigmoid", (Sigmoid(1.0, 0.0, 1e-7),))
    assert find_rows_at_knots(sigmoid, np.column_stack([1 - p, p])).tolist() == [0, 1]


def test_the_same_answers_give_the_same_map() -> None:
    scores, target, folds, _ = draw(slope=2.5)
    first, second = (calibrate("binary", scores, target, folds) for _ in range(2))
    assert repr(first.calibration) == repr(second.calibration)
