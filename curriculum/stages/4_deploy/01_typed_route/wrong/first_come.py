"""Wrong: calls those who stand first."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

PATH = "/v1/own/calls"


class Question(BaseModel):
    """What the call centre asks."""

    model_config = ConfigDict(extra="forbid")

    customers: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=200)]
    calls: Annotated[int, Field(ge=1, le=50)]


class Call(BaseModel):
    """One customer to call."""

    place: int
    chance: Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """Whom to call, in this order."""

    calls: list[Call]


def respond(
    question: Question, predict: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> Answer:
    """Say whom to call today."""
    chances = [each["probability"]["yes"] for each in predict(question.customers)]
    order = list(range(len(chances)))
    first = order[: question.calls]
    return Answer(calls=[Call(place=place, chance=chances[place]) for place in first])
