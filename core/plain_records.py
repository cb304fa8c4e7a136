"""The fields of records, without pydantic; see `core.plain`, which reads them."""

from collections.abc import Mapping
from typing import NamedTuple

from core.contract_view import ContractView


class PlainColumn(NamedTuple):
    """See `core.contract.Column`."""

    name: str
    kind: str
    nullable: bool
    minimum: float | None
    maximum: float | None
    categories: tuple[str, ...] | None
    sensitive: bool


class PlainPolicies(NamedTuple):
    """See `core.contract.Policies`."""

    unseen_category: str
    out_of_range: str


class _ContractFields(NamedTuple):
    format: int
    dataset: str
    task: str
    target: str
    classes: tuple[str, ...]
    columns: tuple[PlainColumn, ...]
    identifier: str | None
    ignored: tuple[str, ...]
    group: str | None
    time: str | None
    time_format: str
    policies: PlainPolicies
    missing: tuple[str, ...]
    file: Mapping[str, object]


class PlainContract(_ContractFields, ContractView):
    """See `core.contract.Contract`."""

    __slots__ = ()


class PlainInterval(NamedTuple):
    """See `core.manifest.PredictionInterval`."""

    coverage: float
    half_width: float


class PlainManifest(NamedTuple):
    """What serving needs of a `core.manifest.Manifest`, and the bytes of all of it."""

    model: str
    contract: PlainContract
    candidate: str
    graph_sha256: str
    graph_size_bytes: int
    decision_threshold: float | None
    interval: PlainInterval | None
    metrics: Mapping[str, float]
    baseline_metrics: Mapping[str, float]
    prior: tuple[float, ...] | None
    body: bytes


class PlainAlias(NamedTuple):
    """See `core.records.AliasState`; the time is text."""

    model: str
    alias: str
    version: int
    revision: int
    previous_version: int | None
    changed_at: str
    changed_by: str
    reason: str
    share: float | None = None
    experiment: str | None = None
    against: int | None = None
    promoted: bool | None = None
    etag: str = ""


class PlainVersion(NamedTuple):
    """See `core.records.ModelVersion`; the time is text."""

    model: str
    version: int
    bundle_id: str
    run_id: str
    dataset_version: str
    candidate: str
    metrics: Mapping[str, float]
    registered_at: str
