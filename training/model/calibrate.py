"""Probabilities that mean what they say: a map from a model's answers to calibrated ones.

The map is learned from out-of-fold answers, so no row is calibrated by what its own model knew, and
every map is kept flat enough for float32: the exported graph must answer as scikit-learn does.
"""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from core.contract import Task
from core.metrics import loss
from training.model.maps import Calibration, Map, Method, Sigmoid, Steps

MIN_SIGMOID_ROWS: Final = 10
"""Rows of each class below which two numbers cannot be learned."""

MIN_ISOTONIC_ROWS: Final = 500
"""Rows of each class below which steps follow chance; see scikit-learn's guide to calibration."""

MAX_SIGMOID_SLOPE: Final = 100.0
"""How steep a sigmoid may be, as a map of probabilities. What float32 loses of a probability near 1
(6e-8) grows by this factor: 6e-6 is within the tolerance of 1e-5."""

MAX_STEP_SLOPE: Final = 10.0
"""How steep a piecewise linear map may be. It also passes on what the arithmetic before it lost
(7e-7 was measured for linear models), so it must be flatter than a sigmoid, which does not."""

MAX_MEAN_SLOPE: Final = 10.0
"""How steep a sigmoid may be where probabilities are means over trees: the sum of a hundred shares
loses more beside 1 (7e-7 was measured) than the rounding of one number."""

_MAX_KNOTS: Final = 200
_MIN_GAP: Final = 1e-5
_WEAK_PENALTY: Final = 1e3  # keeps the slope finite where the classes are separated perfectly
_SMALLEST: Final = 1e-7
_LARGEST: Final = 0.01  # more would flatten probabilities that people look at


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What `calibrate` chose.

    Attributes
    ----------
    calibration : Calibration or None
        None leaves the answers as they are.
    scores : float64 array of shape (n, width)
        The out-of-fold answers, each calibrated by a map that was learned from other folds.
    losses : dict of method to float
        The cross-validated Brier score of each method that could be tried.
    """

    calibration: Calibration | None
    scores: NDArray[np.float64]
    losses: dict[Method, float]

    @property
    def method(self) -> Method:
        """The name of what was chosen."""
        return self.calibration.method if self.calibration else "none"


def calibrate(
    task: Task,
    scores: NDArray[np.float64],
    target: NDArray[np.float64],
    folds: NDArray[np.integer],
    *,
    steepest: float = MAX_SIGMOID_SLOPE,
) -> Calibrated:
    """Choose between no map, a sigmoid and isotonic regression by cross-validated Brier score.

    Parameters
    ----------
    scores : float64 array of shape (n, n_classes) or (n, 1)
        Out-of-fold answers: each row's, by a model that was not fitted to it.
    target : array of shape (n,)
        Class indices (numbers, for a regression).
    folds : integer array of shape (n,)
        Which fold left the row out; -1 where none did (the row is not looked at).
    steepest : float
        How steep a sigmoid may be.

    Returns
    -------
    Calibrated
        At a tie the simpler method. A regression is never calibrated.
    """
    known = folds >= 0
    if task == "regression" or not known.any():
        return Calibrated(None, scores, {})
    classes = target[known].astype(np.int64)
    tried: dict[Method, tuple[Calibration | None, NDArray[np.float64]]] = {
        "none": (None, scores[known])
    }
    for method in _find_methods(classes, scores.shape[1]):
        crossed = _cross_fit(method, scores[known], classes, folds[known], steepest)
        whole = _fit(method, scores[known], classes, steepest)
        if crossed is not None and whole is not None:
            tried[method] = (whole, crossed)
    losses = {name: loss(task, answers, classes) for name, (_, answers) in tried.items()}
    calibration, answers = tried[min(losses, key=losses.__getitem__)]
    found = scores.copy()
    found[known] = answers
    return Calibrated(calibration, found, losses)


def find_rows_at_knots(
    calibration: Calibration, probabilities: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the places of rows whose uncalibrated answers are nearest to the bends of the maps.

    Parameters
    ----------
    probabilities : array of shape (n, n_classes)
        Uncalibrated answers, n at least 1.

    Returns
    -------
    int64 array
        For each bend the last row at or below it and the first above it, each row once.
    """
    columns = [1] if len(calibration.maps) == 1 else range(probabilities.shape[1])
    found: list[NDArray[np.int64]] = []
    for each, column in zip(calibration.maps, columns, strict=True):
        order = np.argsort(probabilities[:, column], kind="stable")
        ordered = probabilities[order, column]
        bends = [each.edge, 1 - each.edge] if isinstance(each, Sigmoid) else each.knots
        above = np.searchsorted(ordered, np.asarray(bends), side="right")
        places = np.concatenate([above - 1, above]).clip(0, len(order) - 1)
        found.append(order[places])
    return np.unique(np.concatenate(found)).astype(np.int64)


def _find_methods(classes: NDArray[np.int64], width: int) -> tuple[Method, ...]:
    rarest = int(np.bincount(classes, minlength=width).min())
    methods: tuple[Method, ...] = ("sigmoid",) if rarest >= MIN_SIGMOID_ROWS else ()
    return (*methods, "isotonic") if rarest >= MIN_ISOTONIC_ROWS else methods


def _cross_fit(
    method: Method,
    scores: NDArray[np.float64],
    classes: NDArray[np.int64],
    folds: NDArray[np.integer],
    steepest: float,
) -> NDArray[np.float64] | None:
    """Calibrate each fold's answers with a map of the other folds'; None where one has none."""
    found = np.empty_like(scores)
    numbers = np.unique(folds)
    if len(numbers) < 2:
        return None
    for fold in numbers:
        out = folds == fold
        calibration = _fit(method, scores[~out], classes[~out], steepest)
        if calibration is None:
            return None
        found[out] = calibration.apply(scores[out])
    return found


def _fit(
    method: Method, scores: NDArray[np.float64], classes: NDArray[np.int64], steepest: float
) -> Calibration | None:
    columns = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    maps: list[Map | None] = [
        _fit_sigmoid(scores[:, column], classes == column, steepest)
        if method == "sigmoid"
        else _fit_steps(scores[:, column], classes == column)
        for column in columns
    ]
    found = tuple(each for each in maps if each is not None)
    return Calibration(method, found) if len(found) == len(maps) else None


def _fit_sigmoid(
    p: NDArray[np.float64], happened: NDArray[np.bool_], steepest: float
) -> Sigmoid | None:
    """Fit by maximum likelihood; None where it would turn the order around or be too steep."""
    if happened.all() or not happened.any() or p.min() == p.max():
        return None
    held = np.clip(p, _SMALLEST, 1 - _SMALLEST)
    odds = (np.log(held) - np.log1p(-held)).reshape(-1, 1)
    fitted = LogisticRegression(C=_WEAK_PENALTY, solver="newton-cholesky", max_iter=100)
    with warnings.catch_warnings():
        # Said of answers that are nearly alike; it goes on by another way.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(odds, happened)
    slope, offset = float(np.float32(fitted.coef_[0, 0])), float(np.float32(fitted.intercept_[0]))
    edge = _find_edge(slope, offset, steepest)
    return None if slope <= 0 or edge is None else Sigmoid(slope, offset, edge)


def _find_edge(slope: float, offset: float, steepest: float) -> float | None:
    """Return the smallest edge within which the map is nowhere too steep."""
    for edge in np.geomspace(_SMALLEST, _LARGEST, 51):
        p = np.linspace(edge, 0.5, 200) if edge > _LARGEST / 2 else np.geomspace(edge, 0.5, 200)
        odds = np.log(p) - np.log1p(-p)
        # dq/dp = slope * q(1-q) / (p(1-p)), on both sides of 1/2.
        q = 1.0 / (1.0 + np.exp(-(slope * np.concatenate([odds, -odds]) + offset)))
        steepness = slope * q * (1 - q) / np.tile(p * (1 - p), 2)
        if steepness.max() <= steepest:
            return float(np.float32(edge))
    return None


def _fit_steps(p: NDArray[np.float64], happened: NDArray[np.bool_]) -> Steps | None:
    # Never 0 or 1: n rows do not tell that something cannot happen.
    least = 1.0 / (len(p) + 2)
    # It takes answers that differ in their last digit as one, the lower: the others lie outside.
    isotonic = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    steps = isotonic.fit_transform(p, happened)
    levels, block = np.unique(steps, return_inverse=True)
    middles = np.bincount(block, weights=p) / np.bincount(block)
    if len(levels) < 2:
        return None
    chosen = np.unique(np.linspace(0, len(levels) - 1, min(len(levels), _MAX_KNOTS)).astype(int))
    apart = _keep_apart(middles[chosen])
    knots, levels = middles[chosen][apart].astype(np.float32), levels[chosen][apart]
    if len(knots) < 2:
        return None
    flat = _flatten(knots.astype(np.float64), levels).astype(np.float32)
    return Steps(knots.astype(np.float64), flat.astype(np.float64))


def _keep_apart(middles: NDArray[np.float64]) -> list[int]:
    """Return the places of knots that are far enough from one another for float32."""
    kept = [0]
    for place in range(1, len(middles)):
        if middles[place] - middles[kept[-1]] >= _MIN_GAP:
            kept.append(place)
    return kept


def _flatten(knots: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return levels that rise nowhere faster than `MAX_STEP_SLOPE`, still never decreasing.

    They lie midway between the highest such line below the levels and the lowest above them.
    """
    cone = MAX_STEP_SLOPE * np.abs(knots[:, np.newaxis] - knots)
    return np.asarray(((levels + cone).min(axis=1) + (levels - cone).max(axis=1)) / 2)
