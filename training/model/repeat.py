"""Whether the same rows, configuration and seed give the same bytes here: fitted twice, compared.

Some of the rows, trees and passes over the rows are enough to see it, because what makes fits
differ (threads that add up in another order, a random number without a seed, a set without an
order) does not wait for the last of them. That a whole run gives the same bundle again is another,
longer proof.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from training.data.arrays import Rows
from training.model.candidates import Parameters, fit_candidate
from training.model.export import export_graph
from training.model.recipes import Recipe

MAX_ROWS: Final = 500
MAX_STEPS: Final = 10
"""Trees of an ensemble, or passes over the rows."""

_STEPS: Final = ("model__max_iter", "model__n_estimators", "model__regressor__max_iter")


def repeats_itself(
    recipe: Recipe, rows: Rows, contract: Contract, *, seed: int, parameters: Parameters
) -> bool:
    """Fit and export twice on at most about `MAX_ROWS` rows; tell whether the bytes are equal."""
    chosen = rows.select(choose_rows(rows, contract))
    short = shorten(recipe, contract, parameters)
    first, second = (
        export_graph(fit_candidate(recipe, chosen, contract, seed=seed, parameters=short))
        for _ in range(2)
    )
    return first == second


def shorten(recipe: Recipe, contract: Contract, parameters: Parameters) -> Parameters:
    """Return the parameters with at most `MAX_STEPS` trees or passes."""
    defaults = {
        f"model__{name}": value
        for name, value in recipe.make_estimator(contract.task, 0).get_params().items()
    }
    steps = {name: value for name in _STEPS if (value := {**defaults, **parameters}.get(name))}
    return {**parameters, **{name: min(value, MAX_STEPS) for name, value in steps.items()}}


def choose_rows(rows: Rows, contract: Contract) -> NDArray[np.int64]:
    """Return places spread over all rows, with two rows of each class among them."""
    spread = np.linspace(0, len(rows) - 1, min(len(rows), MAX_ROWS)).astype(np.int64)
    of_classes = [
        np.flatnonzero(rows.target == place)[:2] for place in range(len(contract.classes))
    ]
    return np.unique(np.concatenate([spread, *of_classes])).astype(np.int64)
