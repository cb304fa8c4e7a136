"""How far predictions are from the truth: numbers that are lower (losses) or higher when better."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from core.contract import Task

# The name of each task's loss in the metrics of a manifest, a version or a run.
LOSS_NAMES: Final[dict["Task", str]] = {
    "binary": "brier_score",
    "multiclass": "brier_score",
    "regression": "mean_absolute_error",
}


def brier_score(probabilities: ArrayLike, outcomes: ArrayLike) -> float:
    """Mean squared distance between the probabilities and what happened. Lower is better.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes), or (n,)
        Columns in the order of the contract's classes. One dimension means the probability of the
        second class of two.
    outcomes : array-like of shape (n,)
        Index of the class that came true, 0 to n_classes - 1.

    Returns
    -------
    float
        Two classes: mean of (p - y)² for the second class, 0 to 1. More: the sum over classes,
        0 to 2. scikit-learn's `brier_score_loss` halves in the same way by default.

    References
    ----------
    Brier, G. W. (1950), "Verification of forecasts expressed in terms of probability", Monthly
    Weather Review 78(1).

    Examples
    --------
    >>> round(brier_score([[0.9, 0.1], [0.2, 0.8]], [0, 1]), 6)
    0.025
    """
    return float(np.mean(_brier_scores(probabilities, outcomes)))


def accuracy(predicted: ArrayLike, actual: ArrayLike) -> float:
    """Share of predictions that are exactly right; both of shape (n,), n at least 1."""
    p, a = np.asarray(predicted), np.asarray(actual)
    _check_rows(p, a)
    return float(np.mean(p == a))


def mean_absolute_error(predicted: ArrayLike, actual: ArrayLike) -> float:
    """Mean distance in the target's own unit; both of shape (n,) or (n, 1), n at least 1."""
    return float(np.mean(_absolute_errors(predicted, actual)))


def loss(task: "Task", predictions: ArrayLike, outcomes: ArrayLike) -> float:
    """Return the one number that is compared between models of a task. Lower is better.

    Parameters
    ----------
    predictions : array-like
        Probabilities of shape (n, n_classes) for a classification; numbers of shape (n,) or
        (n, 1) for a regression.
    outcomes : array-like of shape (n,)
        Class indices, or numbers.

    Returns
    -------
    float
        The Brier score of a classification, the mean absolute error of a regression.
        `LOSS_NAMES[task]` is its name.
    """
    return float(np.mean(row_losses(task, predictions, outcomes)))


def row_losses(task: "Task", predictions: ArrayLike, outcomes: ArrayLike) -> NDArray[np.float64]:
    """Return the loss of each row, shape (n,); their mean is `loss`, which has the parameters."""
    if task == "regression":
        return _absolute_errors(predictions, outcomes)
    return _brier_scores(predictions, outcomes)


def _brier_scores(probabilities: ArrayLike, outcomes: ArrayLike) -> NDArray[np.float64]:
    p = _as_class_probabilities(probabilities)
    y = _as_class_indices(outcomes, rows=p.shape[0], classes=p.shape[1])
    squared: NDArray[np.float64] = np.sum((p - np.eye(p.shape[1])[y]) ** 2, axis=1)
    return squared / 2 if p.shape[1] == 2 else squared


def _absolute_errors(predicted: ArrayLike, actual: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(predicted, dtype=np.float64).reshape(-1)
    a = np.asarray(actual, dtype=np.float64).reshape(-1)
    _check_rows(p, a)
    return np.abs(p - a)


def _as_class_probabilities(probabilities: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim == 1:
        p = np.column_stack([1.0 - p, p])
    if p.ndim != 2 or p.shape[1] < 2:
        raise ValueError(f"Probabilities must have shape (n, n_classes), not {p.shape}.")
    return p


def _as_class_indices(outcomes: ArrayLike, *, rows: int, classes: int) -> NDArray[np.intp]:
    y = np.asarray(outcomes).astype(np.intp)
    if y.shape != (rows,) or rows == 0:
        raise ValueError(f"Outcomes must have shape ({rows},), at least one row, not {y.shape}.")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"Outcomes must be class indices from 0 to {classes - 1}.")
    return y


def _check_rows(predicted: NDArray[np.generic], actual: NDArray[np.generic]) -> None:
    if predicted.shape != actual.shape or predicted.ndim != 1 or predicted.size == 0:
        raise ValueError(
            f"Predictions and outcomes must have the same shape (n,), n at least 1; "
            f"these have {predicted.shape} and {actual.shape}."
        )
