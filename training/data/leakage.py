"""Columns that alone predict the target suspiciously well: they may know it from afterwards."""

import math
from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from training.data.arrays import Rows
from training.data.runs import Leak

SUSPICIOUS: Final = 0.9
"""Share of the target's variance that no honest column explains alone."""

_MIN_BINS: Final = 4
_MAX_BINS: Final = 64
_MAX_LEVELS: Final = 1000
_MIN_ROWS: Final = 2  # of the other half, before a bin is believed


def find_leaks(rows: Rows, contract: Contract) -> tuple[Leak, ...]:
    """Return the columns whose skill is at least `SUSPICIOUS`, the strongest first.

    Parameters
    ----------
    rows : Rows
        The training rows.

    Returns
    -------
    tuple of Leak
        Their `skill` is the share of the target's variance that a column explains by itself, as
        `measure_skill` has it.
    """
    numeric = zip(contract.numeric_columns, rows.inputs.numeric.T, strict=True)
    strings = zip(contract.string_columns, rows.inputs.strings.T, strict=True)
    bins = [(column.name, _cut(values)) for column, values in numeric]
    bins += [(column.name, _group(values)) for column, values in strings]
    targets = _list_targets(rows.target, contract)
    found = [
        Leak(column=name, skill=round(max(measure_skill(each, y) for y in targets), 4))
        for name, each in bins
    ]
    suspicious = [leak for leak in found if leak.skill >= SUSPICIOUS]
    return tuple(sorted(suspicious, key=lambda leak: (-leak.skill, leak.column)))


def measure_skill(bins: NDArray[np.int64], y: NDArray[np.float64]) -> float:
    """Return the share of a target's variance that the means of bins explain.

    Each half of the rows (drawn once and for all) is predicted by the means of the other, so that
    bins of few rows, such as those of an identifier, have no skill by themselves.

    Parameters
    ----------
    bins : int64 array of shape (n,)
        The bin of each row, from 0; missing values have one too.
    y : array of shape (n,)
        The target.

    Returns
    -------
    float
        1 when it is explained wholly, 0 when the overall mean does as well, less when worse.
    """
    predicted = np.empty(len(y))
    # Not every other row: files may alternate. Any fixed choice gives the same answer twice.
    half = np.random.default_rng(0).permutation(len(y)) % 2 == 0
    for asked in (half, ~half):
        known = ~asked
        if not known.any():
            return 0.0
        width = int(bins.max()) + 1
        counts = np.bincount(bins[known], minlength=width)
        sums = np.bincount(bins[known], weights=y[known], minlength=width)
        means = np.where(counts >= _MIN_ROWS, sums / np.maximum(counts, 1), y[known].mean())
        predicted[asked] = means[bins[asked]]
    variance = float(np.mean((y - y.mean()) ** 2))
    return 1.0 - float(np.mean((y - predicted) ** 2)) / variance if variance else 0.0


def _list_targets(target: NDArray[np.float64], contract: Contract) -> list[NDArray[np.float64]]:
    """Return what is to be explained: a number, or whether a row is of a class, for each class.

    A number is also taken by its rank: a few huge ones would hide what is known of all the others.
    """
    if contract.task == "regression":
        return [target, np.unique(target, return_inverse=True)[1].astype(np.float64)]
    # Of two classes, one tells of the other.
    classes = range(1, 2) if contract.task == "binary" else range(len(contract.classes))
    return [(target == place).astype(np.float64) for place in classes]


def _cut(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Cut numbers at their quantiles; a missing one has a bin of its own.

    There are no more bins than rows in each half of one: means of a few rows hide what a column
    knows.
    """
    missing = np.isnan(values)
    if missing.all():
        return np.zeros(len(values), dtype=np.int64)
    known = values[~missing]
    bins = min(max(math.isqrt(len(known) // 2), _MIN_BINS), _MAX_BINS)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(edges, values, side="left")
    return np.where(missing, len(edges) + 1, places).astype(np.int64)


def _group(values: NDArray[np.object_]) -> NDArray[np.int64]:
    """Give each category a number, from the most frequent on; the rarest share one."""
    counts = Counter(values.tolist())
    ranked = sorted(counts, key=lambda level: (-counts[level], level))
    code_of = {level: min(place, _MAX_LEVELS) for place, level in enumerate(ranked)}
    return np.array([code_of[level] for level in values.tolist()], dtype=np.int64)
