"""A manifest: what must be known about a graph to serve it, judge it and make it again."""

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveInt,
    model_validator,
)

from core import keys
from core.contract import Contract
from core.mlmodel import GRAPH
from core.profile import ReferenceProfile
from core.promises import MAX_GRAPH_BYTES
from core.strict_json import canonical_json

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Parity(_Record):
    """How far the graph's answers are from those of the model that it was exported from.

    Attributes
    ----------
    rows : int
        Rows that were compared.
    max_abs_difference : float
        Largest difference of a probability; of a prediction, as a share of the largest.
    classes_identical : bool
        Whether the same class was the likeliest in every row.
    tolerance : float
        Largest difference that was allowed.
    """

    rows: NonNegativeInt
    max_abs_difference: FiniteFloat
    classes_identical: bool
    tolerance: FiniteFloat


class PredictionInterval(_Record):
    """The interval around a prediction: from `half_width` below it to as much above.

    Attributes
    ----------
    coverage : float
        The share of true values that it was made to hold.
    half_width : float
        In the target's own unit.
    """

    coverage: Annotated[float, Field(gt=0, lt=1)]
    half_width: Annotated[FiniteFloat, Field(ge=0)]


class Provenance(_Record):
    """What the bundle was made of, so that it can be made again.

    Attributes
    ----------
    dataset_version : str
        SHA-256 of the clean rows.
    spec_sha256 : str
        Of all that was asked for: contract, seed, budget, preference, declared decisions and gate.
    code_sha256 : str
        Of the files that decide a model.
    locks : dict of str to str
        Package of the steps → SHA-256 of the lock file it was installed from.
    environment_sha256 : str
        Of `python`, `machine`, `arithmetic` and `packages`.
    python : str
        Its minor version: what packages are built and locked for.
    machine : str
        The architecture, as in ``x86_64``.
    arithmetic : str
        Which kernels numbers were computed with; see `core.arithmetic`.
    packages : dict of str to str
        All that were installed from the locks, with their versions.
    """

    dataset_version: Sha256
    spec_sha256: Sha256
    seed: int
    code_sha256: Sha256
    locks: dict[str, Sha256]
    environment_sha256: Sha256
    python: str
    machine: str
    arithmetic: str
    packages: dict[str, str]


class Manifest(_Record):
    """What must be known about a graph to serve and judge it.

    It holds no time, no place and no name of a run: the same inputs give the same bytes, and so
    the same bundle id.

    Attributes
    ----------
    model : str
        Name of the model, which is the name of its dataset.
    contract : Contract
        What its inputs must look like.
    candidate : str
        The configuration that won.
    graph_sha256, graph_size_bytes
        The promise about ``model.onnx``.
    decision_threshold : float or None
        Probability from which a binary model answers the positive class, the last one.
    calibration : {'none', 'sigmoid', 'isotonic'}
        What was done to the probabilities; it is a part of the graph.
    precision : {'fp32', 'fp16', 'int8'}
        How the graph's weights are stored.
    interval : PredictionInterval or None
        Of a regression: how far the truth is from a prediction as a rule.
    metrics, baseline_metrics : dict of str to float
        On the holdout: of this candidate, and of the baseline.
    metric_intervals : dict of str to (float, float)
        95% bootstrap intervals of `metrics`.
    prior : tuple of float or None
        What the baseline answers to any row: the shares of the classes in the training rows, or
        the mean. It may answer while the graph cannot.
    holdout_rows, training_rows : int
        How many rows it was judged on, and fitted to.
    profile : ReferenceProfile
        The training distribution.
    parity : Parity
        The proof that the export answers like the original.
    provenance : Provenance
        What it was made of.
    files : dict of str to str
        SHA-256 of every file of the bundle but the manifest itself.
    """

    format: Literal[1] = 1
    model: Annotated[str, Field(pattern=keys.NAME_PATTERN)]
    contract: Contract
    candidate: str
    graph_sha256: Sha256
    graph_size_bytes: Annotated[PositiveInt, Field(le=MAX_GRAPH_BYTES)]
    decision_threshold: Annotated[float, Field(ge=0, le=1)] | None
    calibration: Literal["none", "sigmoid", "isotonic"] = "none"
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    interval: PredictionInterval | None = None
    metrics: dict[str, FiniteFloat]
    baseline_metrics: dict[str, FiniteFloat]
    metric_intervals: dict[str, tuple[FiniteFloat, FiniteFloat]] = Field(default_factory=dict)
    prior: tuple[FiniteFloat, ...] | None = None
    holdout_rows: NonNegativeInt
    training_rows: NonNegativeInt
    profile: ReferenceProfile
    parity: Parity
    provenance: Provenance
    files: dict[str, Sha256] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        if self.files and self.files.get(GRAPH) != self.graph_sha256:
            raise ValueError(f"files must hold {GRAPH} with the hash graph_sha256")
        return self

    @model_validator(mode="after")
    def _check_task(self) -> Self:
        if self.model != self.contract.dataset:
            raise ValueError("model must have the name of the contract's dataset")
        if (self.contract.task == "binary") != (self.decision_threshold is not None):
            raise ValueError("a binary model has a decision_threshold, and no other has")
        if self.contract.task == "regression" and self.calibration != "none":
            raise ValueError("only probabilities are calibrated")
        if self.contract.task != "regression" and self.interval is not None:
            raise ValueError("only a regression has an interval")
        if self.prior is not None and len(self.prior) != (len(self.contract.classes) or 1):
            raise ValueError("prior must have one number for each class, or one alone")
        return self

    def to_json(self) -> bytes:
        """Return the one way to write this manifest; the bundle's id is its SHA-256."""
        return canonical_json(self.model_dump(mode="json"))
