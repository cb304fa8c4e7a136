"""The metrics of a holdout. Which of them matters is the person's choice; all of them are kept."""

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from core.contract import Task
from core.metrics import LOSS_NAMES, loss

DECISION_THRESHOLD = 0.5
"""Probability from which a binary model answers the positive class. Half is right when both kinds
of mistake cost the same; a better one needs their costs, which the data do not tell."""


def score_holdout(
    task: Task, answers: NDArray[np.float64], target: NDArray[np.float64]
) -> dict[str, float]:
    """Return the metrics of n answers, by name.

    Parameters
    ----------
    answers : array of shape (n, n_classes) or (n, 1)
        Probabilities in the order of the contract's classes, or predictions.
    target : array of shape (n,)
        Class indices, or numbers.

    Returns
    -------
    dict of str to float
        The task's loss under `core.metrics.LOSS_NAMES`, and the usual others. A metric that these
        rows leave undefined (ROC AUC where a class is absent) is left out.
    """
    found = {LOSS_NAMES[task]: loss(task, answers, target)}
    if task == "regression":
        return found | _score_numbers(answers.reshape(-1), target)
    # float32 probabilities sum to 1 but for rounding, which scikit-learn warns of.
    probabilities = answers / answers.sum(axis=1, keepdims=True)
    classes = target.astype(np.int64)
    score = _score_binary if task == "binary" else _score_multiclass
    return found | score(probabilities, classes)


def choose_classes(answers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the index of each row's answer: at the threshold of two, the likeliest of more."""
    if answers.shape[1] == 2:
        return np.asarray(answers[:, 1] >= DECISION_THRESHOLD, dtype=np.int64)
    return np.asarray(answers.argmax(axis=1), dtype=np.int64)


def _score_binary(p: NDArray[np.float64], classes: NDArray[np.int64]) -> dict[str, float]:
    chosen = choose_classes(p)
    found = {
        "log_loss": metrics.log_loss(classes, p, labels=[0, 1]),
        "accuracy": metrics.accuracy_score(classes, chosen),
        "f1": metrics.f1_score(classes, chosen, zero_division=0.0),
        "precision": metrics.precision_score(classes, chosen, zero_division=0.0),
        "recall": metrics.recall_score(classes, chosen, zero_division=0.0),
    }
    if len(np.unique(classes)) == 2:
        found["roc_auc"] = metrics.roc_auc_score(classes, p[:, 1])
        found["pr_auc"] = metrics.average_precision_score(classes, p[:, 1])
    return {name: float(value) for name, value in found.items()}


def _score_multiclass(p: NDArray[np.float64], classes: NDArray[np.int64]) -> dict[str, float]:
    chosen = choose_classes(p)
    labels = list(range(p.shape[1]))
    found = {
        "log_loss": metrics.log_loss(classes, p, labels=labels),
        "accuracy": metrics.accuracy_score(classes, chosen),
        "macro_f1": metrics.f1_score(
            classes, chosen, labels=labels, average="macro", zero_division=0.0
        ),
    }
    if len(np.unique(classes)) == len(labels):
        found["macro_roc_auc"] = metrics.roc_auc_score(
            classes, p, labels=labels, multi_class="ovr", average="macro"
        )
    return {name: float(value) for name, value in found.items()}


def _score_numbers(
    predictions: NDArray[np.float64], target: NDArray[np.float64]
) -> dict[str, float]:
    found = {"root_mean_squared_error": metrics.root_mean_squared_error(target, predictions)}
    if len(np.unique(target)) > 1:
        found["r2"] = metrics.r2_score(target, predictions)
    return {name: float(value) for name, value in found.items()}
