"""The bodies of the native protocol as types, for the OpenAPI page.

Requests are checked against the model's data contract and answers are written directly, so
these types document; a test proves that they tell the truth.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, WithJsonSchema

from core.contract import Column, Contract, Task
from core.registry import AliasName
from lambdas.inference.answers import MAX_ROWS
from lambdas.inference.outcomes import TIME_PATTERN

ID_PATTERN = "^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$"

Time = Annotated[
    AwareDatetime,
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": TIME_PATTERN}),
]


class Body(BaseModel):
    """What all bodies share."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Record(RootModel[dict[str, str | float | bool | None]]):
    """A record with the fields of a model's data contract."""


class PredictRequest(Body):
    """Records to answer."""

    records: list[Record] = Field(
        min_length=1, max_length=MAX_ROWS, description="At most 10 where explain is true."
    )
    explain: bool = Field(
        default=False, description="Whether to tell what each field contributes to the score."
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


class Explanation(Body):
    """What each field contributes to a score: Shapley values against a reference record.

    The reference holds the training rows' median numbers and most frequent categories.
    """

    of: str | None = Field(description="The class whose probability is explained.")
    reference: float = Field(description="The score of the reference record.")
    score: float = Field(description="The score of this record.")
    contributions: dict[str, float] = Field(
        description="By field; they add up to score less reference."
    )


class Prediction(Body):
    """One answer."""

    prediction_id: str = Field(description="Send the true outcome back with this id.")
    prediction: str | float
    probability: dict[str, float] | None
    decision_threshold: float | None
    interval: Interval | None
    warnings: list[Warning]
    explanation: Explanation | None = Field(default=None, description="Where it was asked for.")
    model_version: int | None = Field(
        default=None, description="While versions are compared: the one that answered this record."
    )
    arm: Literal["champion", "challenger"] | None = Field(
        default=None, description="While versions are compared: its part."
    )


class PredictResponse(Body):
    """The answers, in the order of the records."""

    model: str
    model_version: int = Field(
        description="The champion's, if the records were answered by different ones."
    )
    fallback: bool = Field(
        default=False,
        description="True if the model cannot answer, and what its baseline knows does: the shares"
        " of the classes, or the mean, whatever the record says.",
    )
    predictions: list[Prediction]


class Outcome(Body):
    """What came true of one prediction."""

    prediction_id: str = Field(pattern=ID_PATTERN)
    outcome: str | float = Field(description="A class of the contract, or a number.")
    observed_at: Time | None = Field(
        default=None, description="From 2000 on, and not in the future. Now, if absent."
    )


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


FORMS: tuple[type[BaseModel], ...] = (
    PredictRequest,
    PredictResponse,
    FeedbackRequest,
    FeedbackResponse,
    ModelList,
    ModelDetails,
    Contract,
    Health,
    ErrorBody,
)
"""What the page shows; forms within forms come along."""
