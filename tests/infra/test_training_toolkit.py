"""A training job as SageMaker runs it: its real training toolkit, the real package, a real request.

Only the machine is missing. The toolkit has an environment of its own, from locks/sagemaker.txt; it
compiles a part of itself, so where there is no compiler, or no registry, these tests are skipped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
import uv
from moto.server import ThreadedMotoServer

from cdk.bundling import build_packages, make_job_source
from cdk.config import read_config
from cdk.constructs.training_job import METRICS
from core.store import Bucket, open_bucket
from tests.infra.conftest import ROOT, Synthesize
from tests.infra.requests import REGION, Request
from tests.infra.test_training_jobs import make_request
from tests.unit.training.worlds import land, make_contract, make_rows, read_json, to_csv
from training.data.split import split_dataset
from training.data.start import start_run
from training.job.container import MAX_FAILURE_CHARACTERS

pytestmark = [pytest.mark.build, pytest.mark.timeout(600)]

RUN = "by-the-toolkit"


@pytest.fixture(scope="module")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment of the toolkit; what it cannot be made for is the reason to skip."""
    folder = tmp_path_factory.mktemp("toolkit") / "venv"
    python = str(folder / "bin" / "python")
    for arguments in (
        ["venv", "--python", sys.executable, str(folder)],
        ["pip", "sync", "--require-hashes", "--python", python, str(ROOT / "locks/sagemaker.txt")],
    ):
        done = subprocess.run(
            [uv.find_uv_bin(), *arguments, "--quiet"],
            env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
            pytest.skip(f"SageMaker's training toolkit cannot be installed here: {reason}")
    return folder / "bin"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass
class Machine:
    """What SageMaker gives a job: a folder, variables, and the toolkit's program."""

    toolkit: Path
    root: Path
    variables: dict[str, str]
    request: Request
    store: Bucket

    def run(self, **changed: str) -> subprocess.CompletedProcess[str]:
        shutil.rmtree(self.root / "output", ignore_errors=True)
        config = self.root / "input" / "config"
        for folder in (config, self.root / "output"):
            folder.mkdir(parents=True, exist_ok=True)
        files = {
            "hyperparameters": self.request["HyperParameters"] | changed,
            "inputdataconfig": {},
            # The name of the one host; on SageMaker it is algo-1, which its own DNS knows.
            "resourceconfig": {"current_host": "localhost", "hosts": ["localhost"]},
        }
        for name, content in files.items():
            (config / f"{name}.json").write_text(json.dumps(content))
        return subprocess.run(
            [str(self.toolkit / "train")],
            env={**self.variables, "PATH": f"{self.toolkit}:{os.environ['PATH']}"},
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def output(self) -> dict[str, str]:
        return {
            path.name: path.read_text()
            for path in (self.root / "output").iterdir()
            if path.is_file()
        }


@pytest.fixture(scope="module")
def machine(
    toolkit: Path,
    endpoint: str,
    synthesize: Synthesize,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Machine]:
    request = make_request(synthesize("aws", "dev"), candidate="linear", execution=RUN)
    root = tmp_path_factory.mktemp("opt-ml")
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "SAGEMAKER_BASE_DIR": str(root),
        **request["Environment"],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            patch.setenv(name, variables[name])
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        store = _upload(request)
        yield Machine(toolkit, root, variables, request, store)


def _upload(request: Request) -> Bucket:
    """Put the code where ``cdk deploy`` would, and a run that is split into the data bucket."""
    code = urlsplit(request["HyperParameters"]["sagemaker_submit_directory"])
    bucket = request["HyperParameters"]["bucket"]
    client = boto3.client("s3", region_name=REGION)
    for name in (code.netloc, bucket):
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    source = make_job_source(build_packages(ROOT, read_config({}, {}))["fit"])
    client.put_object(Bucket=code.netloc, Key=code.path.lstrip("/"), Body=source.read_bytes())
    store = open_bucket(bucket)
    raw_key = land(store, to_csv(make_rows()), make_contract())
    validation = start_run(store, raw_key=raw_key, run_id=RUN)
    split_dataset(store, run_id=RUN, version=validation.version)
    return store


def test_the_toolkit_fits_a_candidate_from_the_workflows_own_request(machine: Machine) -> None:
    done = machine.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.output == {"success": ""}
    folder = f"runs/{RUN}/candidates/linear"
    result = read_json(machine.store, f"{folder}/result.json")
    assert (result["status"], result["reason"]) == ("ok", "")
    written = {info.key.rpartition("/")[2] for info in machine.store.list(f"{folder}/")}
    assert {"model.onnx", "holdout.npz", "result.json"} <= written
    for metric in METRICS:
        assert re.search(metric["Regex"], done.stdout), done.stdout


def test_the_toolkit_hands_on_the_reason_of_a_failure(machine: Machine) -> None:
    done = machine.run(candidate="oracle")
    assert done.returncode != 0
    (failure,) = machine.output.values()
    assert set(machine.output) == {"failure"}
    assert failure.startswith("There is no such candidate")
    assert len(failure) <= MAX_FAILURE_CHARACTERS
    assert "Traceback" not in failure
    assert "\n" not in failure.strip()
