"""Decisions from answers: the threshold of a binary model, the interval around a prediction.

Both are learned from out-of-fold answers of training rows, never from the holdout, which then tells
honestly what they are worth.
"""

import numpy as np
from numpy.typing import NDArray

from training.data.judging import Decision

_DIGITS = 6


def choose_threshold(
    decision: Decision, p: NDArray[np.float64], positive: NDArray[np.bool_]
) -> float:
    """Return the probability from which a binary model answers the positive class.

    Parameters
    ----------
    decision : Decision
        What was declared: a cost matrix, or a precision or recall to reach.
    p : array of shape (n,)
        Calibrated out-of-fold probabilities of the positive class, n at least 1.
    positive : bool array of shape (n,)
        What came true.

    Returns
    -------
    float
        For costs: where both answers cost the same, which calibrated probabilities make the
        cheapest threshold (Elkan, C. (2001), "The foundations of cost-sensitive learning",
        IJCAI). For a precision: the threshold with the highest recall that reaches it on these
        rows, or the most precise one where none does. For a recall: the highest that reaches it.
    """
    if decision.target_precision is not None:
        return _reach_precision(decision.target_precision, p, positive)
    if decision.target_recall is not None:
        return _reach_recall(decision.target_recall, p, positive)
    false_alarm = decision.false_positive_cost - decision.true_negative_cost
    miss = decision.false_negative_cost - decision.true_positive_cost
    return false_alarm / (false_alarm + miss)


def measure_cost(
    decision: Decision, said: NDArray[np.bool_], positive: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return what each decision cost, shape (n,), by the declared matrix."""
    costs = np.array(
        [
            [decision.true_negative_cost, decision.false_positive_cost],
            [decision.false_negative_cost, decision.true_positive_cost],
        ]
    )
    return np.asarray(costs[positive.astype(np.int64), said.astype(np.int64)])


def choose_half_width(
    coverage: float, predictions: NDArray[np.float64], target: NDArray[np.float64]
) -> float:
    """Return half the width of the interval around a prediction.

    Parameters
    ----------
    coverage : float
        The share of true values that the interval shall hold.
    predictions, target : array of shape (n,)
        Out-of-fold predictions and the truth, n at least 1.

    Returns
    -------
    float
        The ``ceil((n + 1) * coverage)``-th smallest error, the largest where there are fewer:
        split conformal prediction (Lei, J. et al. (2018), "Distribution-free predictive inference
        for regression", JASA 113), with each fold in turn as the calibration rows.
    """
    errors = np.sort(np.abs(predictions - target))
    # Rounded first: 10 * 0.7 is a hair above 7 in binary.
    place = int(np.ceil(round((len(errors) + 1) * coverage, 9)))
    return float(errors[min(place, len(errors)) - 1])


def _reach_precision(wanted: float, p: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    thresholds, hits, said = _count_above(p, positive)
    precision = hits / said
    good = np.flatnonzero(precision >= wanted)
    # More rows above a threshold means no less recall: the lowest good one finds the most.
    place = int(good[-1]) if good.size else int(precision.argmax())
    return _between(thresholds, place)


def _reach_recall(wanted: float, p: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    thresholds, hits, _ = _count_above(p, positive)
    return _between(thresholds, int(np.argmax(hits >= wanted * hits[-1])))


def _count_above(
    p: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return every distinct p, falling, with the positives and the rows at or above it."""
    order = np.argsort(-p, kind="stable")
    ordered = p[order]
    last = np.flatnonzero(np.append(np.diff(ordered) < 0, True))
    hits = np.cumsum(positive[order], dtype=np.int64)[last]
    return ordered[last], hits, (last + 1).astype(np.int64)


def _between(thresholds: NDArray[np.float64], place: int) -> float:
    """Return a number midway to the next lower p, so that float32 decides every row alike.

    Rounded to six digits where that stays in between: people read it.
    """
    above = float(thresholds[place])
    below = float(thresholds[place + 1]) if place + 1 < len(thresholds) else 0.0
    middle = (above + below) / 2
    rounded = round(middle, _DIGITS)
    return rounded if below < rounded < above else middle
