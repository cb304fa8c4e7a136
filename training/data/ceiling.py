"""The best scores that any model could reach on simulated customers, whose truth is known."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.metrics import accuracy, brier_score
from training.data.simulator import NORMAL, World, simulate

SCORE_NAMES: Final = ("roc_auc", "log_loss", "brier_score", "accuracy")

_BLOCK_ROWS = 512
_IDENTIFIER = re.compile(r"([TL])([0-9]{1,9})-([0-9]{6,9})")
_STREAM_NAMES = {"T": "training", "L": "live"}


def recall_truth(
    identifiers: Sequence[str], *, world: World = NORMAL
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Live the lives of simulated customers again, and return what only the simulator knows.

    Parameters
    ----------
    identifiers : sequence of str
        Names of simulated customers, such as those of the holdout rows; n of them.
    world : World
        The world in which they were simulated.

    Returns
    -------
    true_probability : float array of shape (n,)
        Probability of churn, in the order of `identifiers`.
    churned : bool array of shape (n,)
        What happened.

    Raises
    ------
    InvalidInputError
        If a name is not one of a simulated customer.
    """
    wanted: defaultdict[tuple[str, int, int], list[tuple[int, int]]] = defaultdict(list)
    for place, identifier in enumerate(identifiers):
        match = _IDENTIFIER.fullmatch(identifier)
        if not match:
            raise InvalidInputError(
                f"Identifier {place + 1} of {len(identifiers)} is not one of the simulator's.",
                next_step="The best possible score is known for simulated data only.",
            )
        block, offset = divmod(int(match[3]), _BLOCK_ROWS)
        wanted[match[1], int(match[2]), block].append((place, offset))
    probability = np.empty(len(identifiers))
    churned = np.empty(len(identifiers), dtype=np.bool_)
    for (letter, seed, block), rows in wanted.items():
        stream = cast("Literal['training', 'live']", _STREAM_NAMES[letter])
        start = block * _BLOCK_ROWS
        lives = simulate(_BLOCK_ROWS, seed=seed, world=world, stream=stream, start=start)
        places, offsets = np.array(rows).T
        probability[places] = lives.true_probability[offsets]
        churned[places] = lives.churned[offsets]
    return probability, churned


def best_possible(identifiers: Sequence[str], *, world: World = NORMAL) -> dict[str, float]:
    """Score the true probabilities of simulated customers as if they were a model's predictions.

    On few rows a model can be luckier than the truth; in the long run none is better.

    Returns
    -------
    dict of str to float
        `SCORE_NAMES` to scores, comparable with a model's on the same rows.

    Raises
    ------
    InvalidInputError
        If there are no rows, or only one class among them, or a name that is not the simulator's.
    """
    probability, churned = recall_truth(identifiers, world=world)
    return score_truth(probability, churned)


def score_truth(true_probability: ArrayLike, churned: ArrayLike) -> dict[str, float]:
    """Score probabilities of shape (n,) against outcomes (true = churned) of shape (n,)."""
    p = np.asarray(true_probability, dtype=np.float64)
    y = np.asarray(churned, dtype=np.bool_)
    if not y.any() or y.all():
        raise InvalidInputError(
            "The best possible score needs rows of both outcomes.", next_step="Take more rows."
        )
    return {
        "roc_auc": _roc_auc(p, y),
        "log_loss": float(-np.mean(np.where(y, np.log(p), np.log1p(-p)))),
        "brier_score": brier_score(p, y),
        "accuracy": accuracy(p >= 0.5, y),
    }


def _roc_auc(p: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    """Share of (positive, negative) pairs in the right order, ties counting half.

    This is the Mann-Whitney statistic: Hanley and McNeil (1982), "The meaning and use of the area
    under a receiver operating characteristic (ROC) curve", Radiology 143(1).
    """
    _, place, ties = np.unique(p, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(ties) - (ties - 1) / 2
    positives = int(y.sum())
    above = float(mean_rank[place][y].sum()) - positives * (positives + 1) / 2
    return above / (positives * (len(y) - positives))
