"""The bodies of the native protocol as types, for the OpenAPI page.

Requests are checked against the model's data contract and answers are written directly, so
these types document; a test proves that they tell the truth.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core.contract import Column, Task
from core.registry import AliasName
from lambdas.inference.answers import MAX_ROWS


class Body(BaseModel):
    """What all bodies share."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class PredictRequest(Body):
    """Records to answer, each with the fields of the model's data contract."""

    records: list[dict[str, str | float | bool | None]] = Field(
        min_length=1, max_length=MAX_ROWS, examples=[[{"age": 40, "plan": "pro"}]]
    )


class Warning(Body):  # noqa: A001 - the word of the API
    """Something in a record that the model was not fitted to."""

    field: str
    rule: str


class Interval(Body):
    """Where the truth lies as a rule, around a regression's prediction."""

    lower: float
    upper: float
    coverage: float = Field(description="The share of true values that it was made to hold.")


class Prediction(Body):
    """One answer."""

    prediction_id: str = Field(description="Send the true outcome back with this id.")
    prediction: str | float
    probability: dict[str, float] | None
    decision_threshold: float | None
    interval: Interval | None
    warnings: list[Warning]


class PredictResponse(Body):
    """The answers, in the order of the records."""

    model: str
    model_version: int
    predictions: list[Prediction]


class Outcome(Body):
    """What came true of one prediction."""

    prediction_id: str
    outcome: str | float = Field(description="A class of the contract, or a number.")
    observed_at: AwareDatetime | None = Field(default=None, description="Now, if absent.")


class FeedbackRequest(Body):
    """True outcomes."""

    feedback: list[Outcome] = Field(min_length=1, max_length=MAX_ROWS)


class FeedbackResponse(Body):
    """How many outcomes were new, and how many predictions had one already."""

    accepted: int
    duplicates: int


class AliasSummary(Body):
    """Where an alias points."""

    version: int
    revision: int
    changed_at: AwareDatetime


class ModelSummary(Body):
    """A model in a list."""

    model: str
    default: bool
    aliases: dict[AliasName, AliasSummary]


class ModelList(Body):
    """All models of the registry."""

    models: list[ModelSummary]


class ModelDetails(ModelSummary):
    """The version of a model that answers."""

    model_version: int
    bundle_id: str
    candidate: str
    task: Task
    classes: list[str]
    decision_threshold: float | None
    metrics: dict[str, float]
    baseline_metrics: dict[str, float]
    columns: list[Column]


class Health(Body):
    """The function runs."""

    status: Literal["ok"]


class ErrorDetail(Body):
    """A broken rule and its place in the body."""

    place: list[str | int]
    rule: str


class ErrorContent(Body):
    """What was wrong."""

    code: str
    message: str
    details: list[ErrorDetail]


class ErrorBody(Body):
    """Every error's body."""

    error: ErrorContent


def inline_schema(body: type[BaseModel]) -> dict[str, Any]:
    """Return a type's JSON schema with its references resolved, as OpenAPI needs it in a route."""
    schema = body.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(part: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(part, dict):
            if "$ref" in part:
                return resolve(definitions[part["$ref"].rpartition("/")[2]])
            return {name: resolve(value) for name, value in part.items()}
        return [resolve(item) for item in part] if isinstance(part, list) else part

    resolved: dict[str, Any] = resolve(schema)
    return resolved
