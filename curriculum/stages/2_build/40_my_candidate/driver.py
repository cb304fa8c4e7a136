"""Builds the learner's estimator, fits it, and answers hidden rows; or says what is in the way."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from core.errors import InvalidInputError
from training.model.own_candidate import check_estimator

Numbers = NDArray[np.float64]


def drive(
    learner: ModuleType, asked: str, facts: dict[str, Any], X: Numbers, y: Numbers, hidden: Numbers
) -> dict[str, Any]:
    """Fit what is built, once or ``twice``."""
    built = learner.build(dict(facts))
    try:
        check_estimator(built, facts["task"])
    except InvalidInputError as error:
        return {"refused": str(error)}
    try:
        answers = [answer(built, facts, X, y, hidden)]
    except ValueError as error:
        return {"broke": str(error).partition("\n")[0][:160]}
    if asked == "twice":
        answers.append(answer(learner.build(dict(facts)), facts, X, y, hidden))
    return {"answers": answers}


def answer(built: Any, facts: dict[str, Any], X: Numbers, y: Numbers, hidden: Numbers) -> Numbers:  # noqa: ANN401
    """Fit a copy and answer: the last class's probability, all classes', or a number."""
    model = clone(built)
    if facts["task"] == "regression":
        return np.asarray(model.fit(X, y).predict(hidden), dtype=np.float64)
    found = np.asarray(model.fit(X, y.astype(int)).predict_proba(hidden), dtype=np.float64)
    return found[:, -1] if facts["task"] == "binary" else found
