"""Search a candidate's configurations within a time budget.

Time is spent by estimate, not by the clock: the number of configurations follows from the budget,
the size of the data and what a fit of each candidate was measured to take. So the same data, spec
and seed give the same model, on a fast machine and on a slow one.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (it makes the search known)
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from core.contract import Contract, Task
from core.metrics import loss
from training.data.arrays import Rows
from training.data.names import Budget
from training.model.candidates import (
    Material,
    Parameters,
    answer,
    make_pipeline,
    one_thread,
    unfinished_is_fine,
)
from training.model.features import WORDS_READ
from training.model.folds import Fold, make_folds
from training.model.recipes import Recipe
from training.model.size import limit_numbers, limit_space


@dataclass(frozen=True, slots=True)
class Effort:
    """What one candidate of a run may cost.

    Attributes
    ----------
    folds : int
        Folds of the cross-validation that candidates are compared by; see `count_folds`.
    seconds : float
        Estimated time of the search, on one core.
    configurations : int
        The most that are tried, however quick they are.
    """

    folds: int
    seconds: float
    configurations: int


EFFORTS: Final[dict[Budget, Effort]] = {
    "tiny": Effort(folds=3, seconds=0.0, configurations=0),
    "standard": Effort(folds=5, seconds=60.0, configurations=12),
    "thorough": Effort(folds=5, seconds=300.0, configurations=60),
}
SEARCH_FOLDS: Final = 3
LARGE_ROWS: Final = 200_000
"""From this many training rows on, three folds tell candidates apart as surely as more would."""

MIN_HALVING_ROWS: Final = 3000
"""From this many rows on, most configurations are judged on some of the rows only."""

IMBALANCE: Final = 0.2
"""Share of the rarest class below which weights for the classes are tried."""

_HALVING_FACTOR: Final = 3
_MIN_CLASS_ROWS: Final = 30  # of the rarest class, in the smallest part that halving begins with


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes
    ----------
    parameters : mapping
        The best configuration; empty for the default one.
    configurations : int
        How many were tried beside the default.
    """

    parameters: Parameters
    configurations: int


def search(recipe: Recipe, material: Material, rows: Rows, *, budget: Budget, seed: int) -> Found:
    """Return the best of as many random configurations as the budget has time for.

    By successive halving where there are rows enough (all begin with a part of the rows, the better
    third goes on with three times as many), else by cross-validating each.
    """
    contract = material.contract
    space = recipe.list_space(
        contract.task,
        imbalanced=_is_imbalanced(rows, contract),
        reads_texts=any(material.vocabulary.word_counts),
    )
    space = limit_numbers(recipe, material, limit_space(recipe, contract, space))
    smallest = _find_smallest_part(rows, contract)
    count = count_configurations(
        recipe, EFFORTS[budget], rows=len(rows), width=_measure_width(recipe, material),
        halving=smallest is not None,
    )  # fmt: skip
    count = min(count, math.prod(len(values) for values in space.values()))
    if count < 2:
        return Found({}, 0)
    folds = make_folds(rows, contract, count=SEARCH_FOLDS, seed=seed)
    searcher = _make_searcher(
        make_pipeline(recipe, material, seed=seed), space, folds, contract.task,
        count=count, smallest=smallest, seed=seed,
    )  # fmt: skip
    with one_thread(), unfinished_is_fine():
        searcher.fit(material.matrix, material.target)
    return Found(dict(searcher.best_params_), count)


def _measure_width(recipe: Recipe, material: Material) -> int:
    """Return how many numbers of each row a fit reads."""
    vocabulary, contract = material.vocabulary, material.contract
    width = vocabulary.numeric_width + len(vocabulary.levels)
    width += sum(min(words, WORDS_READ[recipe.texts]) for words in vocabulary.word_counts)
    if recipe.name == "boosting" and contract.task == "multiclass":
        width *= len(contract.classes)  # each class has trees of its own
    return width


def count_folds(budget: Budget, *, rows: int) -> int:
    """Return how many folds the candidates of a run are compared by; the same for all of them."""
    folds = EFFORTS[budget].folds
    return folds if rows < LARGE_ROWS else min(folds, SEARCH_FOLDS)


def count_configurations(
    recipe: Recipe, effort: Effort, *, rows: int, width: int, halving: bool
) -> int:
    """Return how many configurations an effort has time for.

    Halving in three rounds costs as much as one round with all rows for the ninth part of the
    configurations, three times.
    """
    first, million = recipe.seconds
    one_fit = first + million * rows * width / 1e6
    if not one_fit:
        return 0
    share = 3.0 / _HALVING_FACTOR**2 if halving else 1.0
    affordable = effort.seconds / (SEARCH_FOLDS * one_fit * share)
    return min(effort.configurations, int(affordable))


def _is_imbalanced(rows: Rows, contract: Contract) -> bool:
    if contract.task == "regression":
        return False
    counts = np.bincount(rows.target.astype(np.int64), minlength=len(contract.classes))
    return bool(counts.min() < IMBALANCE * len(rows))


def _find_smallest_part(rows: Rows, contract: Contract) -> int | None:
    """Return how many rows halving begins with; None where that would be too few."""
    smallest = len(rows) // _HALVING_FACTOR**2
    if len(rows) < MIN_HALVING_ROWS or contract.time:
        return None
    if contract.task == "regression":
        return smallest
    rarest = np.bincount(rows.target.astype(np.int64), minlength=len(contract.classes)).min()
    return smallest if rarest / _HALVING_FACTOR**2 >= _MIN_CLASS_ROWS else None


def _make_searcher(
    pipeline: Pipeline,
    space: dict[str, Any],
    folds: list[Fold],
    task: Task,
    *,
    count: int,
    smallest: int | None,
    seed: int,
) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    def score(fitted: Any, X: NDArray[np.float32], y: NDArray[np.generic]) -> float:  # noqa: ANN401
        return -loss(task, answer(fitted, X, task), y)

    common = {
        "scoring": score, "cv": folds, "refit": False, "random_state": seed, "error_score": "raise",
    }  # fmt: skip
    if smallest is None:
        return RandomizedSearchCV(pipeline, space, n_iter=count, **common)
    return HalvingRandomSearchCV(
        pipeline,
        space,
        n_candidates=count,
        factor=_HALVING_FACTOR,
        min_resources=smallest,
        **common,
    )
