"""A route of your own: who should be called today?

POST {"customers": [{...}, ...], "calls": 2}
->   {"calls": [{"place": 3, "chance": 0.81}, {"place": 0, "chance": 0.44}]}

The call centre has time for `calls` calls. It wants the customers who are likeliest to leave, the
likeliest first; of equal ones the one who stands earlier in the question.

customers  1 to 200 records, as /v1/predict takes them
calls      1 to 50; when there are fewer customers, all of them are called
place      which of the customers: 0 is the first
chance     the probability that they leave (the class "yes"), from 0 to 1

What breaks this, and any field that is not declared here, is refused before a model is asked: that
is what types are for. The model is asked once.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

PATH = "/v1/own/calls"


class Question(BaseModel):
    """What the call centre asks."""

    customers: list[dict[str, Any]]
    calls: int


class Call(BaseModel):
    """One customer to call."""

    place: int
    chance: float


class Answer(BaseModel):
    """Whom to call, in this order."""

    calls: list[Call]


def respond(
    question: Question, predict: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> Answer:
    """Say whom to call today.

    predict(records) asks the default model, and returns for each record:
    {"prediction_id": "...", "prediction": "yes", "probability": {"no": 0.3, "yes": 0.7}}
    """
    found = predict(question.customers)
    chances = [each["probability"]["yes"] for each in found]
    calls = [Call(place=place, chance=chance) for place, chance in enumerate(chances)]
    return Answer(calls=calls[: question.calls])
