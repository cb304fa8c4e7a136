"""What a person declares about decisions and the gate: one typed file with defaults for a dataset.

It lies beside the data contract (``contracts/{dataset}.judging.json``) and goes into every run's
spec, so that a verdict can always be read with the limits that it was made by.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from core import keys
from core.bundle import MAX_GRAPH_BYTES
from core.errors import InvalidInputError, NotFoundError
from core.store import ObjectStore
from core.strict_json import canonical_json, describe_place, describe_rule

MAX_JUDGING_BYTES = 64 * 1024

Share = Annotated[float, Field(ge=0, le=1)]
_Target = Annotated[float, Field(gt=0, lt=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Decision(_Settings):
    """How answers become decisions.

    Attributes
    ----------
    true_negative_cost, false_positive_cost, false_negative_cost, true_positive_cost : float
        The cost matrix of a binary model, in any one unit: the threshold is where both answers
        cost the same. Equal costs of both mistakes give 0.5. A gain is a negative cost.
    target_precision, target_recall : float or None
        Instead of costs: the threshold that finds the most positives at this precision, or makes
        the fewest false alarms at this recall. One of them at most.
    interval_coverage : float
        The share of true values that the interval around a regression's prediction shall hold.
    """

    true_negative_cost: FiniteFloat = 0.0
    false_positive_cost: FiniteFloat = 1.0
    false_negative_cost: FiniteFloat = 1.0
    true_positive_cost: FiniteFloat = 0.0
    target_precision: _Target | None = None
    target_recall: _Target | None = None
    interval_coverage: Annotated[float, Field(ge=0.5, le=0.99)] = 0.9

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.false_positive_cost <= self.true_negative_cost:
            raise ValueError("false_positive_cost must be above true_negative_cost")
        if self.false_negative_cost <= self.true_positive_cost:
            raise ValueError("false_negative_cost must be above true_positive_cost")
        if self.target_precision is not None and self.target_recall is not None:
            raise ValueError("give target_precision or target_recall, not both")
        return self


class Limits(_Settings):
    """The gate's limits.

    Attributes
    ----------
    min_loss_decrease : float
        How far below the baseline's loss a model must be, as a share of it.
    max_loss_increase : float
        How far above the champion's loss a new model may be, as a share of it. A holdout is a
        sample: two equally good models differ on it by chance.
    max_sure_increase : float
        The same, of what is beyond chance: the lower end of the paired bootstrap interval.
    max_calibration_error : float
        Of a classifier: the expected calibration error, or what chance alone gives on this
        holdout where that is more.
    max_coverage_shortfall : float
        Of a regression: how far the share of true values in the interval may be below the
        declared one, or what chance alone gives where that is more.
    min_slice_rows : int
        Slices with fewer rows of the holdout are not judged.
    max_slice_excess : float
        How far above the baseline's loss the model may be in any slice, as a share of it and
        beyond chance (three standard errors).
    max_graph_bytes : int
        The largest graph.
    max_latency_ms : float
        The longest time for one row, in milliseconds (the median of many calls).
    """

    min_loss_decrease: Share = 0.005
    max_loss_increase: Share = 0.02
    max_sure_increase: Share = 0.005
    max_calibration_error: Share = 0.05
    max_coverage_shortfall: Share = 0.05
    min_slice_rows: Annotated[int, Field(ge=10)] = 50
    max_slice_excess: Annotated[float, Field(ge=0)] = 0.0
    max_graph_bytes: Annotated[int, Field(ge=1, le=MAX_GRAPH_BYTES)] = MAX_GRAPH_BYTES
    max_latency_ms: Annotated[float, Field(gt=0)] = 50.0


class Judging(_Settings):
    """All of it, as it is declared for a dataset and recorded in a run's spec."""

    decision: Decision = Decision()
    gate: Limits = Limits()

    def to_json(self) -> bytes:
        """Return the one way to write it."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, body: bytes | str) -> Self:
        """Read what a person declared; `InvalidInputError` names the setting that is wrong."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise InvalidInputError(
                "The settings of decisions and gate are not right at"
                f" {describe_place(first['loc'])}: {describe_rule(first)}.",
                next_step="loop gate (shows every setting and its value)",
            ) from None


def load_judging(store: ObjectStore, dataset: str) -> Judging:
    """Read what is declared for a dataset; the defaults where nothing is."""
    try:
        return Judging.from_json(store.get(keys.judging(dataset), max_bytes=MAX_JUDGING_BYTES).body)
    except NotFoundError:
        return Judging()
