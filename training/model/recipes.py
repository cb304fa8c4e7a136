"""How each candidate is built, and which of its parameters a search may change.

Defaults come first: they are what a budget without time for a search fits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from core.contract import Task
from core.errors import InvalidInputError
from training.data.names import CANDIDATES
from training.model.features import Numbers, Texts

Space = Mapping[str, Sequence[Any]]

FOREST_TREES: Final = 100
FEWEST_TREES: Final = 100
MOST_TREES: Final = 300
"""Of boosting, by default; see `choose_defaults`."""

_TREES_BELOW: Final = ((30_000, FEWEST_TREES), (300_000, 200))
_FOREST_LEAVES: Final = 256


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one candidate is built.

    Attributes
    ----------
    name : str
        One of `CANDIDATES`.
    numbers : {'raw', 'scaled'} or None
        How it reads numbers by default; None where it reads nothing.
    make_estimator : callable
        Takes a task and a seed.
    space : mapping of str to sequence
        For the parameters that a search may change, the values that it may take.
    classification_space, regression_space : mapping of str to sequence
        More of them, for one kind of task.
    balances : bool
        Whether classes may be weighted by their rarity.
    seconds : (float, float)
        What one fit takes on one core of 2026: for the first row, and for a million numbers.
    texts : {'counts', 'words', 'topics'}
        How it reads texts by default.
    """

    name: str
    numbers: Numbers | None
    make_estimator: Callable[[Task, int], BaseEstimator]
    space: Space = field(default_factory=dict)
    classification_space: Space = field(default_factory=dict)
    regression_space: Space = field(default_factory=dict)
    balances: bool = False
    seconds: tuple[float, float] = (0.0, 0.0)
    texts: Texts = "counts"

    def list_space(
        self, task: Task, *, imbalanced: bool, reads_texts: bool = False
    ) -> dict[str, Sequence[Any]]:
        """Return what a search may change for a task, in an order that never changes."""
        more = self.regression_space if task == "regression" else self.classification_space
        space = dict(sorted({**self.space, **more}.items()))
        if self.balances and imbalanced and task != "regression":
            space["model__class_weight"] = (None, "balanced")
        if reads_texts and self.texts == "words":
            space["features__texts"] = ("words", "topics")
        return space


def _make_baseline(task: Task, _seed: int) -> BaseEstimator:
    regression = task == "regression"
    return DummyRegressor(strategy="mean") if regression else DummyClassifier(strategy="prior")


def _make_linear(task: Task, _seed: int) -> BaseEstimator:
    return Ridge(alpha=1.0) if task == "regression" else LogisticRegression(C=1.0, max_iter=1000)


def _make_boosting(task: Task, seed: int) -> BaseEstimator:
    # Small trees, a fixed number of them and no early stopping: that would set rows aside at
    # random and needs more of them than a small dataset has.
    regression = task == "regression"
    boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return boosting(
        # Of many classes, each has trees of its own: fewer of them.
        max_iter=FEWEST_TREES if task == "multiclass" else MOST_TREES,
        learning_rate=0.1,
        max_leaf_nodes=8,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )


def _make_forest(task: Task, seed: int) -> BaseEstimator:
    # Bounded leaves keep the graph small enough to serve.
    forest = RandomForestRegressor if task == "regression" else RandomForestClassifier
    return forest(
        n_estimators=FOREST_TREES,
        max_leaf_nodes=_FOREST_LEAVES,
        min_samples_leaf=3,
        max_features="sqrt" if task != "regression" else 0.33,
        random_state=seed,
    )


def _make_neural(task: Task, seed: int) -> BaseEstimator:
    chosen = {
        "hidden_layer_sizes": (32,),
        "alpha": 1e-3,
        "learning_rate_init": 3e-3,
        "max_iter": 30,
        "random_state": seed,
    }
    if task != "regression":
        return MLPClassifier(**chosen)
    # Without it, a target in thousands would need thousands of steps to be reached.
    return TransformedTargetRegressor(MLPRegressor(**chosen), transformer=StandardScaler())


def _neural_space(prefix: str) -> Space:
    return {
        f"{prefix}alpha": (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        f"{prefix}hidden_layer_sizes": ((16,), (32,), (64,), (32, 16)),
        f"{prefix}learning_rate_init": (1e-3, 3e-3, 1e-2),
        f"{prefix}max_iter": (10, 20, 40),
    }


_CATEGORIES: Space = {
    "features__narrow": ("one-hot", "ordinal", "target"),
    "features__wide": ("target", "one-hot", "ordinal"),
    "features__rare_rows": (2, 10, 50),
}
_SMOOTH_CATEGORIES: Space = {
    "features__wide": ("target", "one-hot"),
    "features__rare_rows": (2, 10, 50),
}
_STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0, 30.0)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe("baseline", None, _make_baseline),
            Recipe(
                "linear",
                "scaled",
                _make_linear,
                space={
                    **_SMOOTH_CATEGORIES,
                    "features__numbers": ("scaled", "binned", "interactions"),
                },
                classification_space={"model__C": _STRENGTHS},
                regression_space={"model__alpha": (*_STRENGTHS, 100.0, 1000.0)},
                balances=True,
                seconds=(0.02, 1.0),
                texts="words",
            ),
            Recipe(
                "boosting",
                "raw",
                _make_boosting,
                space={
                    **_CATEGORIES,
                    "model__learning_rate": (0.03, 0.05, 0.1),
                    "model__max_iter": (100, 200, 300, 400),
                    "model__max_leaf_nodes": (5, 8, 15, 31),
                    "model__min_samples_leaf": (10, 20, 50, 100),
                    "model__l2_regularization": (0.0, 1.0, 10.0),
                    "model__max_features": (0.3, 0.5, 1.0),
                },
                balances=True,
                seconds=(0.3, 2.5),
            ),
            Recipe(
                "forest",
                "raw",
                _make_forest,
                space={
                    **_CATEGORIES,
                    "model__max_leaf_nodes": (64, 128, _FOREST_LEAVES),
                    "model__min_samples_leaf": (1, 3, 10, 30),
                    "model__max_features": ("sqrt", 0.33, 0.6),
                },
                balances=True,
                seconds=(0.15, 5.0),
            ),
            Recipe(
                "neural",
                "scaled",
                _make_neural,
                space=_SMOOTH_CATEGORIES,
                classification_space=_neural_space("model__"),
                regression_space=_neural_space("model__regressor__"),
                seconds=(0.1, 3.0),
                texts="topics",
            ),
        )
    }
)


def choose_defaults(recipe: Recipe, task: Task, *, rows: int) -> dict[str, Any]:
    """Return which of a candidate's default parameters follow from the number of training rows.

    Many trees learn a small table by heart, and few cannot tell all that a large one knows. On
    simulated holdouts, 100 trees had a lower loss than 300 up to 20,000 rows, and 200 or 300 a
    higher ROC AUC at 100,000.
    """
    if recipe.name != "boosting" or task == "multiclass":
        return {}
    trees = next((trees for below, trees in _TREES_BELOW if rows < below), MOST_TREES)
    return {"model__max_iter": trees}


def find_recipe(name: str) -> Recipe:
    """Return a candidate's recipe; `InvalidInputError` names the candidates that there are."""
    if name not in RECIPES:
        raise InvalidInputError(
            f"There is no such candidate; there are {', '.join(CANDIDATES)}.",
            next_step="Start the run again with one of these.",
        )
    return RECIPES[name]
