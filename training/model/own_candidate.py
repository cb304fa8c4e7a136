"""The learner's own candidate, ``mine``: what they build, as a recipe like the others'.

It reads the features as `Features` makes them of raw numbers, and must be of classes that skl2onnx
converts: what cannot be served is refused before it is fitted.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from skl2onnx import supported_converters
from skl2onnx._supported_operators import sklearn_operator_name_map
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from core import parts
from core.contract import Contract, Task
from core.errors import IntegrityError, InvalidInputError
from core.parts import PartError
from training.data.arrays import Rows
from training.data.names import OWN
from training.model.candidates import Material, fit_material
from training.model.export import export_graph
from training.model.recipes import Recipe
from training.model.repeat import choose_rows

_ASSEMBLED: Final = (Pipeline, ColumnTransformer, FeatureUnion)
_FILL: Final = " Some numbers are missing (NaN): does it begin with SimpleImputer?"


def describe_facts(contract: Contract, rows: Rows, *, seed: int) -> dict[str, Any]:
    """Return what a learner's ``build`` is told; all of it JSON.

    Parameters
    ----------
    rows : Rows
        The training rows.

    Returns
    -------
    dict
        ``task``, ``classes``, ``rows`` and ``seed``; ``numbers``, the columns that the first
        columns of the matrix are, in this order; ``categories`` and ``texts``, those that the
        further ones are made of.
    """
    # A column without a value is no feature; see `Features`.
    known = np.atleast_1d(~np.isnan(rows.inputs.numeric).all(axis=0))
    numbers = zip(contract.numeric_columns, known.tolist(), strict=True)
    return {
        "task": contract.task,
        "classes": list(contract.classes),
        "numbers": [column.name for column, has_values in numbers if has_values],
        "categories": [column.name for column in contract.categorical_columns],
        "texts": [column.name for column in contract.text_columns],
        "rows": len(rows),
        "seed": seed,
    }


def make_own_recipe(contract: Contract, rows: Rows, *, seed: int) -> Recipe:
    """Ask the learner's part for its estimator, and make a recipe of it.

    Raises
    ------
    PartError
        If there is no such part, it breaks, or what it builds could not be exported.
    """
    function = parts.load_function("candidate")
    if function is None:
        raise PartError(
            "The run was started with a part candidate that is not deployed any more.",
            next_step="loop deploy, then start the run again",
        )
    with parts.guarded("candidate"):
        built = function(describe_facts(contract, rows, seed=seed))
        check_estimator(built, contract.task)

    def make(_task: Task, _seed: int) -> BaseEstimator:
        return clone(built)

    return Recipe(OWN, "raw", make)


def check_estimator(built: object, task: Task) -> None:
    """Refuse what is no estimator for the task, or has a step that ONNX cannot hold.

    Raises
    ------
    PartError
        With the class that is in the way.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> check_estimator(Ridge(), "regression")
    """
    if not isinstance(built, BaseEstimator) or not hasattr(built, "fit"):
        kind = "nothing" if built is None else f"a {type(built).__name__}"
        raise PartError(
            f"Your part candidate built {kind}; it must return an estimator of scikit-learn, not"
            " fitted yet."
        )
    for each in _walk(built):
        if type(each) not in sklearn_operator_name_map and not isinstance(each, _ASSEMBLED):
            raise PartError(
                f"Your part candidate uses {type(each).__name__}, which cannot be exported to ONNX;"
                f" {len(supported_converters(from_sklearn=True))} classes of scikit-learn can."
            )
    wanted = "predict" if task == "regression" else "predict_proba"
    # Some have it once they are fitted only.
    if not hasattr(type(built), wanted):
        raise PartError(
            f"Your part candidate built a {type(built).__name__} that has no {wanted}; a model of"
            f" the kind {task} answers with it."
        )


def try_export(recipe: Recipe, material: Material, rows: Rows, *, seed: int) -> None:
    """Fit and export a few rows, which shows what the classes alone do not.

    Raises
    ------
    PartError
        If what the learner built cannot be fitted to such rows, or exported.
    """
    few = material.select(choose_rows(rows, material.contract))
    missing = np.isnan(few.matrix).any()
    try:
        with parts.guarded("candidate", lambda: "cannot be fitted to rows like these"):
            model = fit_material(recipe, few, seed=seed)
            model.answer(few.matrix)
    except PartError as error:
        raise PartError(f"{error}{_FILL if missing else ''}") from None
    try:
        # A converter knows what was learned, and no row of it.
        with parts.guarded("candidate", lambda: "cannot be exported to ONNX", sees_data=False):
            export_graph(model)
    except IntegrityError as error:
        raise PartError(f"Your part candidate cannot be served. {error}") from None


def to_reason(error: InvalidInputError | IntegrityError) -> str:
    """Return why the learner's candidate failed, in words that name it."""
    said = str(error)
    return said if isinstance(error, PartError) else f"Your part candidate failed. {said}"


def _walk(estimator: BaseEstimator) -> Iterator[BaseEstimator]:
    """Return an estimator and all that it is put together of, each once."""
    yield estimator
    seen = {id(estimator)}
    for value in estimator.get_params(deep=True).values():
        if isinstance(value, BaseEstimator) and id(value) not in seen:
            seen.add(id(value))
            yield value
