"""The curves of a classification: what each threshold would find, and what it would cost in alarms.

At most `MAX_POINTS` points a curve are kept, so that a report stays small whatever the holdout is;
the pictures are drawn from them later, where the data are not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from training.data.reports import Band, Curve
from training.judge.ranking import Ranking
from training.judge.score import Holdout

MAX_POINTS: Final = 200
MAX_CURVES: Final = 10
"""Of more classes, those with the most rows of the holdout."""

_BAND_PLACES: Final = 41
_MIN_CURVES: Final = 40
_DIGITS: Final = 5
_ROUNDING: Final = 1e-9


def trace_classes(
    contract: Contract, holdout: Holdout, answers: Sequence[tuple[str, NDArray[np.float64] | None]]
) -> tuple[Curve, ...]:
    """Trace the curve of each class against the rest, for each model that answered.

    Parameters
    ----------
    answers : sequence of (str, array of shape (n, n_classes) or None)
        Models by name; None where one did not answer.

    Returns
    -------
    tuple of Curve
        Of two classes, that of the positive one, and the candidate's has a band.
    """
    if contract.task == "regression":
        return ()
    return tuple(
        _trace(holdout, told[:, place], place, (model, label))
        for model, told in answers
        if told is not None
        for place, label in _choose_classes(contract, holdout)
    )


def _choose_classes(contract: Contract, holdout: Holdout) -> list[tuple[int, str]]:
    """Return the classes, by place and label, that some rows are of and others not."""
    rows = np.bincount(holdout.target.astype(np.int64), minlength=len(contract.classes))
    known = [place for place, count in enumerate(rows) if 0 < count < len(holdout.target)]
    if contract.task == "binary":
        return [(1, contract.classes[1])] if 1 in known else []
    most = sorted(known, key=lambda place: (-rows[place], place))[:MAX_CURVES]
    return [(place, contract.classes[place]) for place in sorted(most)]


def _trace(
    holdout: Holdout, scores: NDArray[np.float64], place: int, names: tuple[str, str]
) -> Curve:
    positive = holdout.target == place
    ranking = Ranking(scores, positive)
    thresholds, (hits,), (alarms,) = ranking.trace(np.ones((1, len(scores))))
    recalls, rates = hits / hits[-1], alarms / alarms[-1]
    kept = _thin(recalls + rates)
    banded = holdout.task == "binary" and names[0] == "candidate"
    return Curve(
        model=names[0],
        label=names[1],
        positive_share=float(positive.mean()),
        thresholds=_round(thresholds[kept]),
        false_positive_rates=_round(rates[kept]),
        recalls=_round(recalls[kept]),
        precisions=_round((hits / (hits + alarms))[kept]),
        band=_draw_band(holdout, ranking) if banded else None,
    )


def _thin(way: NDArray[np.float64]) -> NDArray[np.int64]:
    """Keep points at about equal steps of the way along the curve, which only grows."""
    if len(way) <= MAX_POINTS:
        return np.arange(len(way))
    wanted = np.linspace(way[0], way[-1], MAX_POINTS)
    return np.unique(np.searchsorted(way, wanted).clip(0, len(way) - 1))


def _draw_band(holdout: Holdout, ranking: Ranking) -> Band | None:
    """Return where 95% of resampled curves run; None where too few resamples have both classes."""
    places = np.linspace(0.0, 1.0, _BAND_PLACES)
    recalls, precisions = [], []
    for weights in holdout.draw(2):
        _, hits, alarms = ranking.trace(weights)
        for hit, alarm in zip(hits, alarms, strict=True):
            if not (hit[-1] and alarm[-1]):
                continue
            recall, rate = hit / hit[-1], alarm / alarm[-1]
            recalls.append(np.interp(places, np.append(0.0, rate), np.append(0.0, recall)))
            at = np.searchsorted(recall, places - _ROUNDING).clip(0, len(recall) - 1)
            precisions.append(hit[at] / np.maximum(hit[at] + alarm[at], 1.0))
    if len(recalls) < _MIN_CURVES:
        return None
    return Band(
        places=_round(places), recall=_find_bounds(recalls), precision=_find_bounds(precisions)
    )


def _find_bounds(drawn: list[NDArray[np.float64]]) -> tuple[tuple[float, float], ...]:
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return tuple(zip(_round(low), _round(high), strict=True))


def _round(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(values.round(_DIGITS).tolist())
