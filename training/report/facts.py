"""Everything that is known of one run and its model, read from the bucket once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from core import keys
from core.bundle import Manifest, load_manifest
from core.errors import NotFoundError
from core.records import ALIASES, ModelVersion
from core.registry import Registry
from core.store import ObjectStore
from core.strict_json import parse_json
from training.data import runs
from training.data.reports import Report
from training.report.about import About, load_about

_MAX_BYTES: Final = 16 * 1024 * 1024
_File = TypeVar("_File", bound=runs.RunFile)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card is written from.

    Attributes
    ----------
    version : ModelVersion or None
        None of a run that the gate has refused.
    aliases : tuple of str
        Those that point at the version now.
    summary : dict
        Of the dataset version: rows, quarantine, what policies changed.
    source : dict
        The note of where the dataset came from.
    previous : Manifest or None
        Of the model version before this one.
    best_possible : dict of str to float
        Metrics that nobody could beat, where the world is known.
    """

    run_id: str
    version: ModelVersion | None
    aliases: tuple[str, ...]
    spec: runs.RunSpec
    data: runs.RunData
    results: tuple[runs.CandidateResult, ...]
    evaluation: runs.Evaluation
    report: Report
    gate: runs.GateReport
    manifest: Manifest
    summary: Mapping[str, Any]
    source: Mapping[str, Any]
    about: About
    previous: Manifest | None = None
    previous_version: int | None = None
    best_possible: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How people call it: the model's name with its version, or with the run."""
        model = self.spec.contract.dataset
        return f"{model}, version {self.version.version}" if self.version else f"{model}, refused"

    @property
    def short_name(self) -> str:
        """How it is called beside another one of the same model."""
        return f"version {self.version.version}" if self.version else f"run {self.run_id[:8]}"


def gather_version(
    store: ObjectStore, version: ModelVersion, *, best_possible: Mapping[str, float]
) -> Facts:
    """Read what is known of a registered model version.

    Raises
    ------
    NotFoundError
        If the run that made it left no report.
    """
    return _gather(store, version.run_id, version, best_possible)


def gather_run(store: ObjectStore, run_id: str) -> Facts:
    """Read what is known of a run, registered or refused; see `gather_version`."""
    spec = _load(store, run_id, "spec.json", runs.RunSpec)
    versions = Registry(store).versions(spec.contract.dataset)
    return _gather(store, run_id, next((v for v in versions if v.run_id == run_id), None), {})


def _gather(
    store: ObjectStore,
    run_id: str,
    version: ModelVersion | None,
    best_possible: Mapping[str, float],
) -> Facts:
    evaluation = _load(store, run_id, "evaluation.json", runs.Evaluation)
    spec = _load(store, run_id, "spec.json", runs.RunSpec)
    data = _load(store, run_id, "data.json", runs.RunData)
    dataset = spec.contract.dataset
    before = _find_previous(store, dataset, version)
    return Facts(
        run_id=run_id,
        version=version,
        aliases=_find_aliases(store, version),
        spec=spec,
        data=data,
        results=tuple(_load_result(store, run_id, name) for name in spec.candidates),
        evaluation=evaluation,
        report=_load(store, run_id, "report.json", Report),
        gate=_load(store, run_id, "gate.json", runs.GateReport),
        manifest=load_manifest(store, evaluation.bundle_id),
        summary=_read_note(store, keys.dataset_summary(dataset, data.version)),
        source=_read_note(store, keys.source(dataset)),
        about=load_about(store, dataset),
        previous=load_manifest(store, before.bundle_id) if before else None,
        previous_version=before.version if before else None,
        best_possible=best_possible,
    )


def _find_previous(
    store: ObjectStore, model: str, version: ModelVersion | None
) -> ModelVersion | None:
    """Return the version before this one; before a refused run, the latest of all."""
    versions = Registry(store).versions(model)
    earlier = [each for each in versions if version is None or each.version < version.version]
    return earlier[-1] if earlier else None


def _find_aliases(store: ObjectStore, version: ModelVersion | None) -> tuple[str, ...]:
    if version is None:
        return ()
    states = [Registry(store).alias(version.model, name) for name in ALIASES]
    return tuple(state.alias for state in states if state and state.version == version.version)


def _load_result(store: ObjectStore, run_id: str, candidate: str) -> runs.CandidateResult:
    return runs.load(
        store, keys.run_candidate(run_id, candidate, "result.json"), runs.CandidateResult
    )


def _load(store: ObjectStore, run_id: str, name: str, kind: type[_File]) -> _File:
    try:
        return runs.load(store, keys.run(run_id, name), kind)
    except NotFoundError:
        raise NotFoundError(
            f"The run {run_id} wrote no {name}: it ended before, or is not a run.",
            next_step="loop models NAME (lists versions with their runs)",
        ) from None


def _read_note(store: ObjectStore, key: str) -> Mapping[str, Any]:
    try:
        content = parse_json(store.get(key, max_bytes=_MAX_BYTES).body, max_bytes=_MAX_BYTES)
    except NotFoundError:
        return {}
    return content if isinstance(content, dict) else {}
