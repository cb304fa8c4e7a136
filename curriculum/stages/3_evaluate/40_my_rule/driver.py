"""Asks the learner's rule, and reads its verdict as the gate does."""

from types import ModuleType
from typing import Any

from core.errors import InvalidInputError
from training.judge.own_rule import read_rule


def drive(learner: ModuleType, evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict, or why the gate cannot read it."""
    try:
        return read_rule(learner.judge(evaluation)).model_dump(mode="json")
    except InvalidInputError as error:
        return {"unreadable": str(error)}
