"""What a run writes about itself under ``runs/``, and what its later steps read there."""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core import keys
from core.bundle import Parity
from core.contract import Contract
from core.errors import IntegrityError
from core.store import ObjectStore
from core.strict_json import canonical_json

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


class RunSpec(RunFile):
    """What the run was asked to do: ``spec.json``, written by *validate*."""

    run_id: str
    raw_key: str
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    contract: Contract


class RunData(RunFile):
    """Which rows it works on: ``data.json``, written by *split*."""

    dataset: str
    version: str
    rows: int
    training_rows: int
    holdout_rows: int


class Environment(RunFile):
    """What a candidate was made with; see `core.bundle.Provenance`."""

    code_sha256: str
    lock_sha256: str
    python: str
    packages: dict[str, str]


class CandidateResult(RunFile):
    """How one candidate fared: ``candidates/{name}/result.json``."""

    candidate: str
    status: Literal["ok", "failed"]
    cross_validated_loss: float | None = None
    reason: str = ""
    graph_sha256: str = ""
    environment: Environment | None = None


class Evaluation(RunFile):
    """What the best candidate is worth: ``evaluation.json``.

    Attributes
    ----------
    losses : dict of str to float
        `core.metrics.loss` on the holdout of the best candidate (``candidate``), the baseline
        (``baseline``) and, where its inputs fit this contract, the champion (``champion``).
    """

    candidate: str
    bundle_id: str
    metrics: dict[str, float]
    losses: dict[str, float]
    champion_version: int | None = None
    parity: Parity
    graph_size_bytes: int


class Rule(RunFile):
    """One rule of the gate: passed when `value` keeps within `limit`."""

    rule: str
    value: float
    limit: float
    passed: bool
    advice: str = ""


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
