"""Loads the learner's file as the endpoint does, and asks its route, with a model that is none."""

import inspect
import json
import typing
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError


def drive(learner: ModuleType, body: dict[str, Any], chances: list[float]) -> dict[str, Any]:
    """Return what the route answers, how often it asked the model, and for how many records.

    Parameters
    ----------
    chances
        What the model says of each customer, whose ``place`` is in the record.
    """
    hints = typing.get_type_hints(learner.respond)
    question = hints.get(next(iter(inspect.signature(learner.respond).parameters)))
    asked: list[int] = []

    def predict(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        asked.append(len(records))
        found = [chances[int(record["place"])] for record in records]
        return [
            {
                "prediction_id": f"id-{number}",
                "prediction": "yes" if chance >= 0.5 else "no",
                "probability": {"no": 1 - chance, "yes": chance},
            }
            for number, chance in enumerate(found)
        ]

    about = {"path": getattr(learner, "PATH", None), "asked": asked}
    if not (isinstance(question, type) and issubclass(question, BaseModel)):
        return about | {"untyped": True}
    try:
        read = question.model_validate(body)
    except ValidationError as error:
        return about | {"refused": [list(map(str, each["loc"])) for each in error.errors()]}
    answer = learner.respond(read, predict)
    if not isinstance(answer, BaseModel):
        return about | {"untyped": True}
    return about | {"answer": json.loads(answer.model_dump_json())}
