"""What a run writes about itself under ``runs/``, and what its later steps read there."""

import hashlib
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from core import keys
from core.bundle import Parity
from core.contract import Contract
from core.errors import IntegrityError
from core.store import ObjectStore
from core.strict_json import canonical_json
from training.data.judging import Judging
from training.data.names import (
    CANDIDATES_OF,
    DEFAULT_BUDGET,
    OWN,
    WEIGHED,
    Budget,
    Precision,
    Preference,
)

Calibration = Literal["none", "sigmoid", "isotonic"]
Bounds = tuple[float, float]

MAX_RUN_FILE_BYTES = 16 * 1024 * 1024
MAX_SPLIT_BYTES = 1024 * 1024 * 1024


class RunFile(BaseModel):
    """A JSON file of a run; the same content always gives the same bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> bytes:
        """Return the file: sorted keys, no spaces, UTF-8."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, body: bytes, *, key: str) -> Self:
        """Read the file; `IntegrityError` naming the key when it is not what a step wrote."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise IntegrityError(
                f"{key} is not what a training step wrote.", next_step="Start the run again."
            ) from error


class Environment(RunFile):
    """What a step computed with; see `training.data.environment`.

    Attributes
    ----------
    code_sha256, lock_sha256 : str
        Of the code that decides a model, and of the lock file of the step's package.
    python : str
        Its full version.
    machine, arithmetic : str
        The architecture, and the kernels that were taken; see `core.arithmetic`.
    packages : dict of str to str
        Versions of all that is installed from the lock.
    """

    code_sha256: str
    lock_sha256: str
    python: str
    machine: str
    arithmetic: str
    packages: dict[str, str]


class RunRequest(RunFile):
    """What was asked for, before anything could go wrong: ``request.json``."""

    run_id: str
    raw_key: str
    seed: int = 0
    budget: str = DEFAULT_BUDGET
    prefer: str = "best"
    precision: str = "fp32"


class RunSpec(RunFile):
    """What the run was asked to do: ``spec.json``, written by *validate*.

    Attributes
    ----------
    parts : dict of str to str
        Part of the learner's that decides the model → SHA-256 of its file; not written where there
        is none.
    """

    run_id: str
    raw_key: str
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    contract: Contract
    budget: Budget = DEFAULT_BUDGET
    prefer: Preference = "best"
    precision: Precision = "fp32"
    judging: Judging = Judging()
    parts: dict[str, str] = {}

    @model_serializer(mode="wrap")
    def _leave_out_no_parts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if not self.parts:
            written.pop("parts", None)
        return written

    @property
    def candidates(self) -> tuple[str, ...]:
        """The candidates that the budget has time for, from the simplest to the most complex.

        Where weights are stored in fewer bits, those that have weights.
        """
        known = CANDIDATES_OF[self.budget] if self.precision == "fp32" else WEIGHED
        own = (OWN,) if "candidate" in self.parts else ()
        return (*known, *own)

    @property
    def sha256(self) -> str:
        """Hash of what decides the model; not of the run's name, nor of where the file lies."""
        asked = self.model_dump(mode="json", exclude={"run_id", "raw_key"})
        return hashlib.sha256(canonical_json(asked)).hexdigest()


class Leak(RunFile):
    """A column that alone predicts the target suspiciously well; see `training.data.leakage`."""

    column: str
    skill: float


class RunData(RunFile):
    """Which rows it works on: ``data.json``, written by *split*.

    Attributes
    ----------
    split : {'hash', 'group', 'time'}
        What decides on which side a row is: its own identity, its group's, or when it was.
    holdout_from : float or None
        The first moment of the holdout, of a split by time: seconds since 1970, or the column's
        own number.
    set_aside_rows : int
        Rows that are on neither side, because they are near-duplicates of holdout rows.
    overlap_rows : int
        Training rows that look like a holdout row, as happens by chance where columns have few
        values; they stay.
    holdout_classes : dict of str to int
        Holdout rows of each class.
    leaks : tuple of Leak
        The strongest first.
    rounded_numbers : dict of str to int
        For each column, how many whole numbers are too large for float32, so that the model reads
        them rounded to about 7 digits.
    environment : Environment or None
        What *split* computed with.
    """

    dataset: str
    version: str
    rows: int
    training_rows: int
    holdout_rows: int
    split: Literal["hash", "group", "time"] = "hash"
    holdout_from: float | None = None
    set_aside_rows: int = 0
    overlap_rows: int = 0
    holdout_classes: dict[str, int] = {}
    leaks: tuple[Leak, ...] = ()
    rounded_numbers: dict[str, int] = {}
    environment: Environment | None = None


class CandidateResult(RunFile):
    """How one candidate fared: ``candidates/{name}/result.json``.

    Attributes
    ----------
    fold_losses : tuple of float
        What `cross_validated_loss` is the mean of; all candidates of a run have the same folds.
    parameters : dict of str to str
        What the search, or the number of rows, changed of the candidate's defaults.
    configurations : int
        How many were tried.
    calibration : {'none', 'sigmoid', 'isotonic'}
        What was done to the probabilities.
    calibration_losses : dict of str to float
        The cross-validated Brier score of each calibration that was tried.
    batch_graph_sha256 : str
        Of the graph for batch scoring; empty where it is the same one.
    repeats_itself : bool
        Whether it was fitted and exported twice and gave the same bytes.
    """

    candidate: str
    status: Literal["ok", "failed"]
    cross_validated_loss: float | None = None
    reason: str = ""
    graph_sha256: str = ""
    batch_graph_sha256: str = ""
    environment: Environment | None = None
    fold_losses: tuple[float, ...] = ()
    parameters: dict[str, str] = {}
    configurations: int = 0
    calibration: Calibration = "none"
    calibration_losses: dict[str, float] = Field(default_factory=dict)
    repeats_itself: bool = False


class Comparison(RunFile):
    """How the candidate's loss differs from another model's on the same rows of the holdout.

    Attributes
    ----------
    difference : float
        The candidate's mean loss less the other's: below 0 is better.
    low, high : float
        The 95% interval of the difference, by a paired bootstrap.
    share_better : float
        In which share of the resamples the candidate was better.
    """

    difference: float
    low: float
    high: float
    share_better: float


class Slice(RunFile):
    """How good the answers are for some rows of the holdout.

    Attributes
    ----------
    column, value : str
        What the rows have in common.
    rows : int
        How many they are.
    loss, low, high : float
        Their mean loss, with its 95% bootstrap interval.
    excess : float
        How far the loss is above the baseline's on these rows beyond chance (three standard
        errors of the paired difference), as a share of it. Above 0: answering the same for
        everybody would serve these rows better.
    rates : dict of str to float
        Of a binary model: selection_rate, true_positive_rate, false_positive_rate, precision. Of a
        multiclass model: accuracy. Of a regression: mean_error (predictions less the truth).
    rate_intervals : dict of str to (float, float)
        95% intervals of the rates that are shares; only of sensitive columns.
    """

    column: str
    value: str
    rows: int
    loss: float
    low: float
    high: float
    excess: float
    rates: dict[str, float]
    rate_intervals: dict[str, Bounds] = {}


class Evaluation(RunFile):
    """What the best candidate is worth: ``evaluation.json``.

    Attributes
    ----------
    losses : dict of str to float
        `core.metrics.loss` on the holdout of the best candidate (``candidate``), the baseline
        (``baseline``) and, where its inputs fit this contract, the champion (``champion``).
    intervals : dict of str to (float, float)
        95% bootstrap intervals of the metrics.
    comparisons : dict of str to Comparison
        With the baseline and, where it could be compared, the champion.
    calibration_error_by_chance : float or None
        Of a classifier: the expected calibration error that 99 of 100 perfectly calibrated models
        would keep below on this holdout.
    slices : tuple of Slice
        All that were measured, worst first.
    latency_ms : float
        Median time of the graph for one row, in milliseconds, where *evaluate* ran.
    repeats_itself : bool
        Whether the candidate was fitted and exported twice and gave the same bytes.
    repeated_rows, unlike_rows : int
        How many rows a second session of the graph answered, and how many of them not in exactly
        the same way.
    batch_rows, unlike_batch_rows : int
        How many rows the graph for batch scoring answered, and how many of them not in exactly the
        same way; no rows where there is no such graph.
    best_candidate, simplest_candidate : str
        The best by cross-validation, and the simplest whose loss is at most
        `cross_validated_limit`; `candidate` is the one of them that the run prefers.
    """

    candidate: str
    bundle_id: str
    metrics: dict[str, float]
    losses: dict[str, float]
    champion_version: int | None = None
    parity: Parity
    graph_size_bytes: int
    intervals: dict[str, Bounds] = Field(default_factory=dict)
    comparisons: dict[str, Comparison] = Field(default_factory=dict)
    calibration: Calibration = "none"
    calibration_error_by_chance: float | None = None
    slices: tuple[Slice, ...] = ()
    latency_ms: float = 0.0
    repeats_itself: bool = False
    repeated_rows: int = 0
    unlike_rows: int = 0
    batch_rows: int = 0
    unlike_batch_rows: int = 0
    best_candidate: str = ""
    simplest_candidate: str = ""
    cross_validated_limit: float | None = None


class Rule(RunFile):
    """One rule of the gate: passed when `value` keeps within `limit`.

    Attributes
    ----------
    setting : str
        Where the limit is declared, as ``loop gate`` names it; empty where it is not a setting.
    """

    rule: str
    value: float
    limit: float
    passed: bool
    advice: str = ""
    setting: str = ""


class GateReport(RunFile):
    """The gate's verdict: ``gate.json``."""

    passed: bool
    rules: tuple[Rule, ...]
    reason: str = ""


_File = TypeVar("_File", bound=RunFile)


def write(store: ObjectStore, key: str, content: RunFile) -> None:
    """Write a run's file; a step that is tried again writes the same bytes again."""
    store.put(key, content.to_json())


def load(store: ObjectStore, key: str, kind: type[_File]) -> _File:
    """Read a run's file of the given kind."""
    return kind.from_json(store.get(key, max_bytes=MAX_RUN_FILE_BYTES).body, key=key)


def load_spec(store: ObjectStore, run_id: str) -> RunSpec:
    """Read what the run was asked to do."""
    return load(store, keys.run(run_id, "spec.json"), RunSpec)


def load_data(store: ObjectStore, run_id: str) -> RunData:
    """Read which rows the run works on."""
    return load(store, keys.run(run_id, "data.json"), RunData)


def load_evaluation(store: ObjectStore, run_id: str) -> Evaluation:
    """Read what the run's best candidate is worth."""
    return load(store, keys.run(run_id, "evaluation.json"), Evaluation)
