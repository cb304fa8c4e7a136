import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from core.contract import Task
from core.metrics import LOSS_NAMES, accuracy, brier_score, loss, mean_absolute_error, row_losses


@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_brier_score_is_scikit_learns(classes: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), size=rows)
    y = rng.integers(0, classes, size=rows)
    expected = (
        brier_score_loss(y, p[:, 1], labels=[0, 1])
        if classes == 2
        else brier_score_loss(y, p, labels=list(range(classes)))
    )
    assert brier_score(p, y) == pytest.approx(expected, abs=1e-12)


def test_brier_score_takes_the_second_class_alone() -> None:
    assert brier_score([0.1, 0.8], [0, 1]) == pytest.approx(0.025)


@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_brier_score_is_zero_for_the_truth_and_worst_for_its_opposite(
    classes: int, rows: int, seed: int
) -> None:
    y = np.random.default_rng(seed).integers(0, classes, size=rows)
    assert brier_score(np.eye(classes)[y], y) == 0
    assert brier_score(np.eye(classes)[(y + 1) % classes], y) == (1 if classes == 2 else 2)


def test_accuracy_is_the_share_of_exact_answers() -> None:
    assert accuracy(["a", "b", "b", "a"], ["a", "b", "a", "a"]) == 0.75


def test_mean_absolute_error_takes_columns_and_vectors() -> None:
    assert mean_absolute_error([[1.0], [4.0]], [2.0, 2.0]) == 1.5


@pytest.mark.parametrize(
    ("task", "predictions", "outcomes", "expected"),
    [
        ("binary", [[0.5, 0.5]], [1], 0.25),
        ("multiclass", [[1.0, 0.0, 0.0]], [1], 2.0),
        ("regression", [[3.0]], [1.0], 2.0),
    ],
)
def test_loss_is_the_one_of_the_task(
    task: Task, predictions: list[list[float]], outcomes: list[float], expected: float
) -> None:
    assert loss(task, predictions, outcomes) == expected
    assert row_losses(task, predictions, outcomes).tolist() == [expected]
    assert LOSS_NAMES[task]


@pytest.mark.parametrize(
    ("probabilities", "outcomes"),
    [
        ([[0.5, 0.5]], [2]),
        ([[0.5, 0.5]], [-1]),
        ([[0.5, 0.5]], [0, 1]),
        ([[1.0], [1.0]], [0, 0]),
        (np.empty((0, 2)), []),
    ],
)
def test_rejects_shapes_that_do_not_belong_together(
    probabilities: list[list[float]], outcomes: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"must"):
        brier_score(probabilities, outcomes)


def test_rejects_no_rows_at_all() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        accuracy([], [])
    with pytest.raises(ValueError, match="at least 1"):
        mean_absolute_error([], [])
