"""Every key in the data bucket, made here and nowhere else.

A name that came from outside is checked before it becomes a part of a key, so that a request
for the model ``../contracts/x`` can never read or write another one's objects.
"""

import re
from datetime import datetime

from core.errors import InvalidInputError

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,47}$"
"""Names of datasets, and of their models: a lower-case letter, then letters, digits, hyphens."""

DEFAULT_MODEL = "registry/default.json"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,47}")
_HASH = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def check_name(name: str) -> str:
    """Return the name of a dataset or model if it is a good one.

    Raises
    ------
    InvalidInputError
        If it breaks `NAME_PATTERN`.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            "A name of a dataset or model starts with a lower-case letter and has at most 48 "
            "lower-case letters, digits and hyphens.",
            next_step="Choose a name such as 'telco-churn'.",
        )
    return name


def contract(dataset: str) -> str:
    """Key of a dataset's data contract."""
    return f"contracts/{check_name(dataset)}.json"


def source(dataset: str) -> str:
    """Key of the note that says where a dataset came from."""
    return f"contracts/{check_name(dataset)}.source.json"


def judging(dataset: str) -> str:
    """Key of what is declared about a dataset's decisions and gate."""
    return f"contracts/{check_name(dataset)}.judging.json"


def about(dataset: str) -> str:
    """Key of what a person said of a dataset and its models."""
    return f"contracts/{check_name(dataset)}.about.json"


def raw(dataset: str, sha256: str, filename: str) -> str:
    """Key of a landed file; its name is made of safe characters, its content's hash leads."""
    return f"raw/{check_name(dataset)}/{_name_file(sha256, filename)}"


def dataset_of_raw(key: str) -> str:
    """Return the dataset that a landed file belongs to.

    Raises
    ------
    InvalidInputError
        If the key is not one that `raw` makes.
    """
    parts = key.split("/")
    if len(parts) != 3 or parts[0] != "raw" or not parts[2]:
        raise InvalidInputError("A landed file's key has the form raw/{dataset}/{file}.")
    return check_name(parts[1])


def dataset_data(dataset: str, version: str) -> str:
    """Key of a dataset version's clean rows."""
    return f"datasets/{check_name(dataset)}/{_check_hash(version)}/data.parquet"


def dataset_summary(dataset: str, version: str) -> str:
    """Key of a dataset version's counts."""
    return f"datasets/{check_name(dataset)}/{_check_hash(version)}/summary.json"


def quarantine(dataset: str, version: str) -> str:
    """Key of the rows that broke the contract when a dataset version was made."""
    return f"quarantine/{check_name(dataset)}/{_check_hash(version)}.parquet"


def run(run_id: str, name: str) -> str:
    """Key of a run's own file, such as ``spec.json``, ``split.npz`` or ``gate.json``."""
    return f"runs/{check_id(run_id)}/{check_id(name)}"


def run_time(run_id: str, step: str) -> str:
    """Key of the note of how long a step of a run took."""
    return f"runs/{check_id(run_id)}/times/{check_id(step)}.json"


def run_candidate(run_id: str, candidate: str, name: str) -> str:
    """Key of one candidate's file, such as ``model.onnx``, ``result.json`` or ``holdout.npz``."""
    return f"runs/{check_id(run_id)}/candidates/{check_id(candidate)}/{check_id(name)}"


def bundle_graph(bundle_id: str) -> str:
    """Key of a bundle's ONNX graph."""
    return f"bundles/{_check_hash(bundle_id)}/model.onnx"


def bundle_manifest(bundle_id: str) -> str:
    """Key of a bundle's manifest."""
    return f"bundles/{_check_hash(bundle_id)}/manifest.json"


def bundle_file(bundle_id: str, name: str) -> str:
    """Key of another file of a bundle, such as ``MLmodel``."""
    return f"bundles/{_check_hash(bundle_id)}/{check_id(name)}"


def model_versions(model: str) -> str:
    """Prefix of a model's version records."""
    return f"registry/{check_name(model)}/versions/"


def model_version(model: str, version: int) -> str:
    """Key of one version record; eight digits keep the listing in number order."""
    return f"{model_versions(model)}{version:08d}.json"


def alias(model: str, name: str) -> str:
    """Key of an alias."""
    return f"registry/{check_name(model)}/aliases/{check_name(name)}.json"


def alias_histories(model: str, name: str) -> str:
    """Prefix of an alias's audit history."""
    return f"registry/{check_name(model)}/history/{check_name(name)}/"


def alias_history(model: str, name: str, revision: int) -> str:
    """Key of one entry of an alias's audit history."""
    return f"{alias_histories(model, name)}{revision:08d}.json"


CAPTURED = "captured/"
"""Prefix of the captured predictions of all models; hours come in their order, all else after."""


def captured(at: datetime, first_id: str) -> str:
    """Key of predictions that were captured together; `at` is the time in the first's id, UTC."""
    return f"{captured_hour(at)}{check_id(first_id)}.jsonl"


def captured_hour(at: datetime) -> str:
    """Prefix of what was captured in one hour (UTC)."""
    return f"{CAPTURED}{at:%Y-%m-%d/%H}/"


def feedback(model: str, at: datetime, prediction_id: str) -> str:
    """Key of one outcome, in the hour of the prediction it belongs to (UTC)."""
    return f"{feedback_hour(model, at)}{check_id(prediction_id)}.json"


def feedback_hour(model: str, at: datetime) -> str:
    """Prefix of the outcomes of the predictions of one hour (UTC)."""
    return f"{feedback_hours(model)}{at:%Y-%m-%d/%H}/"


def feedback_hours(model: str) -> str:
    """Prefix of all outcomes of a model; the listing is in the order of hours."""
    return f"feedback/{check_name(model)}/"


def monitor_latest(model: str) -> str:
    """Key of the monitor's last report about a model."""
    return f"monitor/{check_name(model)}/latest.json"


BATCH_FILES = "batch/files/"
"""Prefix of files that are there to be scored."""

BATCH_JOBS = "batch/jobs/"
"""Prefix of what batch jobs write."""


def batch_file(sha256: str, filename: str) -> str:
    """Key of a file that was sent to be scored; see `raw`."""
    return f"{BATCH_FILES}{_name_file(sha256, filename)}"


def batch_job(job: str, name: str) -> str:
    """Key of a batch job's own file: ``job.json`` or ``report.json``."""
    return f"{BATCH_JOBS}{check_id(job)}/{check_id(name)}"


def batch_folder(job: str, kind: str) -> str:
    """Prefix of a batch job's files of one kind: ``plans``, ``parts``, ``counts``, ``faults``."""
    return f"{BATCH_JOBS}{check_id(job)}/{check_id(kind)}/"


def batch_plan(job: str, first: int) -> str:
    """Key of a stretch of a batch job's plan, by the number of its first shard."""
    return f"{batch_folder(job, 'plans')}{first:08d}.json"


def batch_part(job: str, number: int) -> str:
    """Key of the answer to a shard; eight digits keep the listing in number order."""
    return f"{batch_folder(job, 'parts')}{number:08d}.parquet"


def batch_count(job: str, number: int) -> str:
    """Key of the note of what a shard's answer holds."""
    return f"{batch_folder(job, 'counts')}{number:08d}.json"


def batch_fault(job: str, number: int) -> str:
    """Key of the note of why a shard was not scored."""
    return f"{batch_folder(job, 'faults')}{number:08d}.json"


def check_id(part: str) -> str:
    """Return a run's, request's or file's name if it is safe as one part of a key."""
    if not _ID.fullmatch(part) or ".." in part:
        raise InvalidInputError(
            "A run, request or file name has at most 128 letters, digits, dots, hyphens and "
            "underscores, and starts with a letter or digit."
        )
    return part


def _name_file(sha256: str, filename: str) -> str:
    safe = _UNSAFE.sub("-", filename).strip("-.")[-100:] or "file"
    return f"{_check_hash(sha256)[:12]}-{safe}"


def _check_hash(sha256: str) -> str:
    if not _HASH.fullmatch(sha256):
        raise InvalidInputError("A version or bundle id is a SHA-256 in 64 lower-case hex digits.")
    return sha256
