import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdk.constructs.training_job import METRICS
from core.store import Bucket
from tests.unit.training.worlds import make_landed, read_json
from training.data.split import split_dataset
from training.data.start import start_run
from training.job import container, program
from training.job.container import MAX_FAILURE_CHARACTERS, STOPPED, Container, run_job
from training.model import size
from training.model.fit import fit_and_export

SETTINGS = {"bucket": "data", "run_id": "r", "candidate": "linear"}


class Job:
    """A job's folder, and how it ends."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "input" / "config").mkdir(parents=True)
        self.write("hyperparameters", SETTINGS)
        self.write("inputdataconfig", {})
        self.write("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"]})

    def write(self, name: str, content: object) -> None:
        (self.root / "input" / "config" / f"{name}.json").write_text(json.dumps(content))

    def run(self) -> int:
        return run_job({"SAGEMAKER_BASE_DIR": str(self.root)})

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket in which the run is split and no candidate is fitted."""
    bucket, raw_key, _ = make_landed()
    validation = start_run(bucket, raw_key=raw_key, run_id="r")
    split_dataset(bucket, run_id="r", version=validation.version)
    opened = {"data": bucket}
    monkeypatch.setattr(container, "open_bucket", opened.__getitem__)
    return bucket


@pytest.mark.parametrize("candidate", ["linear", '"linear"'])
def test_a_job_writes_what_the_step_writes(store: Bucket, job: Job, candidate: str) -> None:
    job.write("hyperparameters", {**SETTINGS, "candidate": candidate, "sagemaker_program": "x"})
    assert job.run() == 0
    by_job = {info.key: store.get(info.key).body for info in store.list("runs/r/candidates/")}
    fit_and_export(store, run_id="r", candidate="linear")
    by_step = {info.key: store.get(info.key).body for info in store.list("runs/r/candidates/")}
    assert by_job == by_step
    assert len(by_job) >= 3
    assert not (job.root / "output").exists()


def test_the_printed_numbers_are_those_that_sagemaker_is_told_to_look_for(
    store: Bucket, job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.run() == 0
    printed = capsys.readouterr().out
    found = {}
    for metric in METRICS:
        (number,) = re.findall(metric["Regex"], printed)
        found[metric["Name"]] = float(number)
    loss = read_json(store, "runs/r/candidates/linear/result.json")["cross_validated_loss"]
    assert found["cross_validated_loss"] == pytest.approx(loss, rel=1e-5)
    assert found["fit_seconds"] > 0


def test_rows_that_cannot_be_fitted_are_a_result_and_no_failure(
    store: Bucket, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "MAX_MATRIX_BYTES", 1)
    assert job.run() == 0
    assert read_json(store, "runs/r/candidates/linear/result.json")["status"] == "failed"
    assert not (job.root / "output").exists()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", ["", '"', "7"])
def test_rejects_settings_that_are_missing(job: Job, name: str, value: str) -> None:
    given: dict[str, object] = {**SETTINGS, name: value}
    if value == "7":
        del given[name]
    job.write("hyperparameters", given)
    assert job.run() == 2
    assert job.failure == f"The job has no hyperparameter {name!r}."


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("resourceconfig", {"hosts": ["algo-1", "algo-2"]}, "The job has 2 instances"),
        ("inputdataconfig", {"train": {}}, "The job has 1 input channels"),
        ("hyperparameters", ["linear"], "SageMaker's file hyperparameters.json holds no JSON obj"),
    ],
)
def test_rejects_what_a_job_would_not_use(
    job: Job, name: str, content: object, sentence: str
) -> None:
    job.write(name, content)
    assert job.run() in {2, 5}
    assert job.failure.startswith(sentence)


def test_rejects_files_that_are_no_json(job: Job) -> None:
    (job.root / "input" / "config" / "hyperparameters.json").write_text("{")
    assert job.run() == 5
    assert job.failure == "SageMaker's file hyperparameters.json is no JSON."


def test_a_candidate_that_nobody_knows_is_named(store: Bucket, job: Job) -> None:
    job.write("hyperparameters", {**SETTINGS, "candidate": "oracle"})
    assert job.run() == 2
    assert job.failure.count("\n") == 0


def test_a_fault_of_a_library_is_told_without_its_words(
    store: Bucket, job: Job, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        float("a cell's " + "secret")

    monkeypatch.setattr(container, "fit_and_export", fail)
    assert job.run() == 1
    assert job.failure == "ValueError: the job's log says where."
    said = capsys.readouterr().err
    assert "container.py" in said
    assert "a cell's secret" not in said


def test_too_little_memory_names_the_setting(
    store: Bucket, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(container, "fit_and_export", fail)
    assert job.run() == 1
    assert "job_instance" in job.failure


def test_a_job_that_is_stopped_says_so_and_leaves_no_result(
    store: Bucket, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception:  # as a library may do  # noqa: BLE001
            pytest.fail("the stop was taken for a fault")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(container, "fit_and_export", stop)
    assert job.run() == STOPPED == 143
    assert job.failure == "The job was stopped before the candidate was fitted."
    assert signal.getsignal(signal.SIGTERM) is before
    assert list(store.list("runs/r/candidates/")) == []


def test_a_failure_is_as_long_as_sagemaker_shows(tmp_path: Path) -> None:
    Container(tmp_path).write_failure("é" * 5000)
    written = (tmp_path / "output" / "failure").read_text(encoding="utf-8")
    assert len(written) == MAX_FAILURE_CHARACTERS


@pytest.mark.parametrize(
    ("environment", "root"),
    [
        ({}, "/opt/ml"),
        ({"SAGEMAKER_BASE_DIR": ""}, "/opt/ml"),
        ({"SAGEMAKER_BASE_DIR": "/a"}, "/a"),
    ],
)
def test_the_root_folder_is_sagemakers_own(environment: Mapping[str, str], root: str) -> None:
    assert Container.of(environment).root == Path(root)


def test_the_program_sees_nothing_but_its_own_code(tmp_path: Path) -> None:
    """Nothing is installed where it looks, so it ends where the code needs its first package."""
    done = subprocess.run(
        [sys.executable, str(Path(str(program.__file__)))],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'obstore'" in done.stderr
