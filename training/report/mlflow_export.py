"""A run in a tracking store of MLflow: parameters, metrics, tags, its files and its model.

MLflow is no part of the product: it is imported here, when somebody asks for an export.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from core.bundle import load_files
from core.errors import InvalidInputError, UnavailableError
from core.store import ObjectStore
from training.data.reports import Report
from training.data.runs import MAX_RUN_FILE_BYTES, CandidateResult
from training.report.tracking import RunDetail, describe_run

TAG: Final = "closed_loop.run_id"
MODEL_FOLDER: Final = "model"
_PARAM_CHARACTERS: Final = 500
_TAG_CHARACTERS: Final = 5000
# How MLflow calls the ends of runs: a refused model is a run that came to its end.
_STATUS: Final = {"failed": "FAILED", "open": "KILLED"}


@dataclass(frozen=True, slots=True)
class Exported:
    """Where a run lies now.

    Attributes
    ----------
    experiment : str
        The dataset's name.
    mlflow_run_id : str
        MLflow's own name of the run.
    is_new : bool
        False when it had been exported before: then nothing was written.
    has_model : bool
        Whether the run came as far as a bundle.
    """

    tracking_uri: str
    experiment: str
    mlflow_run_id: str
    is_new: bool
    has_model: bool


def export_run(store: ObjectStore, run_id: str, *, to: str, version: int | None = None) -> Exported:
    """Write a run into a tracking store; once, however often it is asked for.

    Parameters
    ----------
    to : str
        A folder (made if it is not there), or the address of a tracking server.
    version : int, optional
        The model version that the run became.

    Raises
    ------
    UnavailableError
        If MLflow is not installed, or the tracking store does not answer.
    InvalidInputError
        If MLflow knows no such kind of store.
    """
    detail = describe_run(store, run_id)
    uri = _find_uri(to)
    client, fault = _open(uri)
    try:
        return _export(store, detail, client, uri, version)
    except fault as error:
        raise UnavailableError(
            f"MLflow did not take the run: {_first_line(error)}",
            next_step="check that the tracking store answers and that you may write to it",
        ) from error


def _find_uri(to: str) -> str:
    if "://" in to:
        return to
    folder = Path(to).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder.as_uri()


def _open(uri: str) -> tuple[Any, type[Exception]]:
    """Return a client of the tracking store, and the error that it raises."""
    # Read when MLflow is imported: what a person trains is nobody else's business.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Its own lines on stdout would stand in the one JSON document of the command.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # Seven retries, each twice as late as the one before, would keep a person waiting for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    if uri.startswith("file:"):
        # MLflow asks whoever keeps runs in plain files to say that it is meant so: it is.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 - see the module's docstring
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    except ImportError:
        raise UnavailableError(
            "MLflow is not installed.",
            next_step=".venv/bin/uv pip install mlflow-skinny, then run the same command again",
        ) from None
    try:
        return MlflowClient(tracking_uri=uri), MlflowException
    except ImportError as error:
        raise UnavailableError(
            f"This kind of tracking store needs a package that is not installed: {error.name}.",
            next_step=".venv/bin/uv pip install mlflow, or give a folder with --to",
        ) from None
    except MlflowException as error:
        raise InvalidInputError(
            f"MLflow cannot use this tracking store: {_first_line(error)}",
            next_step="give a folder, or an address such as http://127.0.0.1:5000",
        ) from None


def _export(
    store: ObjectStore,
    detail: RunDetail,
    client: Any,  # noqa: ANN401 - MLflow is imported late
    uri: str,
    version: int | None,
) -> Exported:
    summary = detail.summary
    name = summary.dataset or "unknown"
    has_model = detail.evaluation is not None
    found = client.get_experiment_by_name(name)
    experiment = found.experiment_id if found else client.create_experiment(name)
    known = client.search_runs([experiment], filter_string=f"tags.`{TAG}` = '{summary.run_id}'")
    if known:
        return Exported(uri, name, known[0].info.run_id, is_new=False, has_model=has_model)
    began = int(summary.started_at.timestamp() * 1000)
    ended = int((summary.started_at + timedelta(seconds=summary.seconds or 0)).timestamp() * 1000)
    run = client.create_run(experiment, start_time=began, run_name=summary.run_id).info.run_id
    try:
        for key, value in list_params(detail).items():
            client.log_param(run, key, value[:_PARAM_CHARACTERS])
        for key, number in list_metrics(detail).items():
            client.log_metric(run, key, number, timestamp=ended)
        _log_files(store, detail, client, run)
        for key, value in _list_tags(detail, version).items():
            client.set_tag(run, key, value[:_TAG_CHARACTERS])
    except BaseException:
        client.delete_run(run)  # half a run would be taken for a whole one
        raise
    client.set_terminated(run, status=_STATUS.get(summary.outcome, "FINISHED"), end_time=ended)
    return Exported(uri, name, run, is_new=True, has_model=has_model)


def list_params(detail: RunDetail) -> dict[str, str]:
    """Return what was asked for, and what the run was made with."""
    found: dict[str, object] = {}
    if asked := detail.spec or detail.request:
        found |= {"budget": asked.budget, "prefer": asked.prefer, "seed": asked.seed}
        found |= {"precision": asked.precision, "raw_key": asked.raw_key}
    if detail.spec:
        found |= {"task": detail.spec.contract.task, "spec_sha256": detail.spec.sha256}
    if detail.data:
        found |= {"dataset_version": detail.data.version, "split": detail.data.split}
        found |= {"training_rows": detail.data.training_rows}
        found |= {"holdout_rows": detail.data.holdout_rows}
    if picked := _find_picked(detail):
        found |= {"candidate": picked.candidate, "calibration": picked.calibration}
        found |= {"configurations": picked.configurations}
        found |= picked.parameters
        if picked.environment:
            found |= picked.environment.model_dump(exclude={"packages"})
    return {name: str(value) for name, value in found.items()}


def list_metrics(detail: RunDetail) -> dict[str, float]:
    """Return the holdout's metrics, every candidate's loss, and every step's seconds."""
    found: dict[str, float] = {}
    if detail.evaluation:
        found |= detail.evaluation.metrics
        found |= {f"loss.{model}": loss for model, loss in detail.evaluation.losses.items()}
    for each in detail.candidates:
        if each.cross_validated_loss is not None:
            found[f"cross_validated_loss.{each.candidate}"] = each.cross_validated_loss
    found |= {f"seconds.{step.step}": step.seconds for step in detail.steps}
    return found


def _list_tags(detail: RunDetail, version: int | None) -> Mapping[str, str]:
    summary = detail.summary
    tags = {"outcome": summary.outcome, "model": summary.dataset}
    if summary.reason:
        tags["reason"] = summary.reason
    if version is not None:
        tags["version"] = str(version)
    if detail.evaluation:
        tags["bundle_id"] = detail.evaluation.bundle_id
    # Last: what is looked for is there only when all else is.
    return tags | {TAG: summary.run_id}


def _log_files(store: ObjectStore, detail: RunDetail, client: Any, run: str) -> None:  # noqa: ANN401
    with tempfile.TemporaryDirectory(prefix="loop-export-") as text:
        folder = Path(text)
        for name, body in _list_files(store, detail):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        client.log_artifacts(run, str(folder))


def _list_files(store: ObjectStore, detail: RunDetail) -> Iterator[tuple[str, bytes]]:
    """Yield the run's documents, and the files of its bundle; no rows of the data."""
    prefix = f"runs/{detail.summary.run_id}/"
    for info in store.list(prefix):
        if info.key.endswith(".json"):
            body = store.get(info.key, max_bytes=MAX_RUN_FILE_BYTES).body
            if info.key.endswith("/report.json"):
                body = (
                    Report.from_json(body, key=info.key)
                    .model_copy(update={"hardest": ()})
                    .to_json()
                )
            yield f"run/{info.key.removeprefix(prefix)}", body
    if detail.evaluation:
        for name, body in load_files(store, detail.evaluation.bundle_id).items():
            yield f"{MODEL_FOLDER}/{name}", body


def _find_picked(detail: RunDetail) -> CandidateResult | None:
    picked = detail.evaluation.candidate if detail.evaluation else ""
    return next((each for each in detail.candidates if each.candidate == picked), None)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # What follows are the insides of a client library.
    return lines[0].partition(" with exception ")[0]
