"""Cross-validation folds that respect groups and time."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from core.contract import Contract
from core.errors import InvalidInputError
from training.data.arrays import Rows

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Places of the rows that are fitted, and of those that are left out."""


def make_folds(rows: Rows, contract: Contract, *, count: int, seed: int) -> list[Fold]:
    """Return the folds of training rows, at most `count`; every candidate of a run gets the same.

    With a time, rows (which are in its order) are always later than those that a model was fitted
    to. With a group, none is on both sides. Else classes are in equal shares everywhere.

    Raises
    ------
    InvalidInputError
        If there is no fold with rows of all classes to fit, because there are too few groups or the
        classes come one after the other in time.
    """
    folds = [
        (fitted, left_out)
        for fitted, left_out in _split(rows, contract, count=count, seed=seed)
        if len(left_out) and _holds_all_classes(rows, contract, fitted)
    ]
    if not folds:
        reason = "groups" if contract.group else "times"
        raise InvalidInputError(
            f"The {reason} of the training rows leave no fold with rows of all classes to fit.",
            next_step=f"Send rows of more {reason}.",
        )
    return folds


def _split(rows: Rows, contract: Contract, *, count: int, seed: int) -> list[Fold]:
    places = np.arange(len(rows))
    if contract.time:
        return list(TimeSeriesSplit(min(count, len(rows) - 1)).split(places))
    classes = None if contract.task == "regression" else rows.target.astype(np.int64)
    if rows.groups is not None:
        count = min(count, len(np.unique(rows.groups)))
        if count < 2:
            return []
        if classes is None:
            grouped = GroupKFold(count, shuffle=True, random_state=seed)
            return list(grouped.split(places, groups=rows.groups))
        return _split_groups(rows.groups, classes, count=count, seed=seed)
    if classes is None:
        return list(KFold(count, shuffle=True, random_state=seed).split(places))
    smallest = int(np.bincount(classes).min())
    stratified = StratifiedKFold(min(count, smallest), shuffle=True, random_state=seed)
    return list(stratified.split(places, classes))


def _split_groups(
    groups: NDArray[np.int64], classes: NDArray[np.int64], *, count: int, seed: int
) -> list[Fold]:
    """Split groups so that classes are in nearly equal shares."""
    if int(np.bincount(classes).min()) < count:  # more folds than rows of a class: it warns
        return list(GroupKFold(count, shuffle=True, random_state=seed).split(classes, None, groups))
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return list(folds.split(classes, classes, groups))


def _holds_all_classes(rows: Rows, contract: Contract, fitted: NDArray[np.intp]) -> bool:
    if contract.task == "regression":
        return len(fitted) > 1
    counts = np.bincount(rows.target[fitted].astype(np.int64), minlength=len(contract.classes))
    return bool(counts.min() > 0)
