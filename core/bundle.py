"""A bundle: what training publishes and inference loads.

A graph, a manifest, and the files that let MLflow load the graph (`core.mlmodel`). The manifest
holds the hash of every other file, and the bundle's id is the hash of the manifest's bytes, so an
id promises every byte of all of them; the promises are checked before anything is parsed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from core import keys
from core.contract import Contract
from core.errors import IntegrityError
from core.mlmodel import GRAPH
from core.profile import ReferenceProfile
from core.store import ObjectStore
from core.strict_json import canonical_json, describe_place, describe_rule

MAX_GRAPH_BYTES = 64 * 1024 * 1024
MAX_MANIFEST_BYTES = 4 * 1024 * 1024

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
        Largest difference of a probability (or of a prediction).
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
    interval : PredictionInterval or None
        Of a regression: how far the truth is from a prediction as a rule.
    metrics, baseline_metrics : dict of str to float
        On the holdout: of this candidate, and of the baseline.
    metric_intervals : dict of str to (float, float)
        95% bootstrap intervals of `metrics`.
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
    interval: PredictionInterval | None = None
    metrics: dict[str, FiniteFloat]
    baseline_metrics: dict[str, FiniteFloat]
    metric_intervals: dict[str, tuple[FiniteFloat, FiniteFloat]] = Field(default_factory=dict)
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
        return self

    def to_json(self) -> bytes:
        """Return the one way to write this manifest; the bundle's id is its SHA-256."""
        return canonical_json(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle."""

    bundle_id: str
    manifest: Manifest
    graph: bytes


def publish_bundle(
    store: ObjectStore,
    *,
    graph: bytes,
    manifest: Manifest,
    files: Mapping[str, bytes] | None = None,
) -> str:
    """Write a bundle and return its id. Publishing the same bundle again changes nothing.

    Parameters
    ----------
    files : mapping of str to bytes, optional
        What belongs beside the graph; see `core.mlmodel.describe_mlflow_model`.

    Raises
    ------
    IntegrityError
        If the graph or a file is not the one that the manifest promises, or it is too large.
    UnavailableError
        If the bucket does not answer.
    """
    _check_graph(graph, manifest)
    beside = dict(files or {})
    if manifest.files and hash_files(beside | {GRAPH: graph}) != manifest.files:
        raise IntegrityError("The files of the bundle are not those that its manifest promises.")
    body = manifest.to_json()
    if len(body) > MAX_MANIFEST_BYTES:
        raise IntegrityError(
            f"The manifest has {len(body)} bytes; at most {MAX_MANIFEST_BYTES} are allowed."
        )
    bundle_id = hashlib.sha256(body).hexdigest()
    # The manifest goes last: who finds one can rely on the graph beside it.
    store.create(keys.bundle_graph(bundle_id), graph)
    for name, content in sorted(beside.items()):
        store.create(keys.bundle_file(bundle_id, name), content)
    store.create(keys.bundle_manifest(bundle_id), body)
    return bundle_id


def load_manifest(store: ObjectStore, bundle_id: str) -> Manifest:
    """Read a bundle's manifest; see `load_bundle` for the errors."""
    body = store.get(keys.bundle_manifest(bundle_id), max_bytes=MAX_MANIFEST_BYTES).body
    if hashlib.sha256(body).hexdigest() != bundle_id:
        raise IntegrityError(f"The manifest of bundle {bundle_id[:12]} does not have its hash.")
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise IntegrityError(
            f"The manifest of bundle {bundle_id[:12]} is not one that this version reads, at "
            f"{describe_place(first['loc'])}: {describe_rule(first)}.",
            next_step="Train again with this version of the project.",
        ) from None


def load_bundle(store: ObjectStore, bundle_id: str) -> Bundle:
    """Read a bundle and verify every byte of it before any is parsed.

    Raises
    ------
    NotFoundError
        If there is none of this id.
    IntegrityError
        If the manifest or the graph is too large, or not what the id promises.
    UnavailableError
        If the bucket does not answer.
    """
    manifest = load_manifest(store, bundle_id)
    graph = store.get(keys.bundle_graph(bundle_id), max_bytes=MAX_GRAPH_BYTES).body
    _check_graph(graph, manifest)
    return Bundle(bundle_id, manifest, graph)


def load_files(store: ObjectStore, bundle_id: str) -> dict[str, bytes]:
    """Read every file of a bundle by its name, each verified; see `load_bundle` for the errors."""
    bundle = load_bundle(store, bundle_id)
    found = {GRAPH: bundle.graph, "manifest.json": bundle.manifest.to_json()}
    for name, promised in sorted(bundle.manifest.files.items()):
        if name != GRAPH:
            key = keys.bundle_file(bundle_id, name)
            found[name] = store.get(key, max_bytes=MAX_MANIFEST_BYTES).body
            if hashlib.sha256(found[name]).hexdigest() != promised:
                raise IntegrityError(f"{key} does not have the hash that its manifest promises.")
    return found


def hash_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file, as `Manifest.files` has them."""
    return {name: hashlib.sha256(body).hexdigest() for name, body in sorted(files.items())}


def _check_graph(graph: bytes, manifest: Manifest) -> None:
    if len(graph) != manifest.graph_size_bytes:
        raise IntegrityError(
            f"The graph has {len(graph)} bytes; its manifest promises {manifest.graph_size_bytes}."
        )
    if hashlib.sha256(graph).hexdigest() != manifest.graph_sha256:
        raise IntegrityError("The graph does not have the hash that its manifest promises.")
