"""The jobs that large runs are fitted as: when, with which request, and what a failure means."""

import errno
import gzip
import json
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any, get_args

import boto3
import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.stub import Stubber
from moto import mock_aws

from cdk.bundling import JOB_PROGRAM, Package, make_job_source
from cdk.config import Stage
from cdk.setting import SettingError
from core.errors import UnavailableError
from tests.infra.conftest import ROOT, Synthesize, Synthesized
from tests.infra.requests import ACCOUNT, REGION, Request, fill_in, read_definition
from training.data.names import CANDIDATES

# As a rule starts one, as a person starts one, and as long as a name may be.
EXECUTIONS = (
    "6f1c9b1e-6d3e-4f57-9f43-0a3c1d6a4a5e_0c5e2e1b-30a0-4f2e-8d0a-2f1a3f1b9b77",
    "2b0b9c3e-7a44-4c8b-9d1e-5a3f9f0f7d10",
    "x" * 80,
)


@pytest.fixture(params=get_args(Stage))
def deployment(request: pytest.FixtureRequest, synthesize: Synthesize) -> Synthesized:
    return synthesize("aws", request.param)


def states_of_the_map(deployment: Synthesized) -> dict[str, Any]:
    processor = read_definition(deployment)["States"]["Candidates"]["ItemProcessor"]
    found: dict[str, Any] = processor["States"]
    return found


def make_request(deployment: Synthesized, *, candidate: str, execution: str) -> Request:
    parameters = states_of_the_map(deployment)["Candidate job"]["Parameters"]
    item = {"candidate": candidate, "cells": 10**9}
    request: Request = fill_in(parameters, item=item, execution=execution)
    return request


def make_client() -> Any:  # noqa: ANN401 - boto3 makes its methods when it makes the client
    return boto3.client(
        "sagemaker",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def find_broken(shape: Shape, value: Any, place: str = "") -> list[str]:  # noqa: ANN401
    """Return what breaks the API's own patterns, lengths and words: botocore checks types only."""
    if isinstance(shape, StructureShape):
        return [
            broken
            for name, inner in value.items()
            for broken in find_broken(shape.members[name], inner, f"{place}.{name}")
        ]
    if isinstance(shape, ListShape):
        return [one for inner in value for one in find_broken(shape.member, inner, f"{place}[]")]
    if isinstance(shape, MapShape):
        return [
            broken
            for name, inner in value.items()
            for broken in (
                *find_broken(shape.key, name, f"{place} key"),
                *find_broken(shape.value, inner, f"{place}.{name}"),
            )
        ]
    if not isinstance(shape, StringShape):
        return []
    rules = shape.metadata
    too_long = len(value) > rules.get("max", len(value))
    pattern = rules.get("pattern", ".*")
    for javas, pythons in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(javas, pythons)
    unlike = not re.fullmatch(pattern, value)
    unknown = bool(shape.enum) and value not in shape.enum
    return [f"{place}: {value}"] if too_long or unlike or unknown else []


def test_a_run_is_fitted_by_size(deployment: Synthesized) -> None:
    split = read_definition(deployment)["States"]["Candidates"]["ItemSelector"]
    assert split["cells.$"] == "$.split.cells"
    choice = states_of_the_map(deployment)["Too large for a function?"]
    (large,) = choice["Choices"]
    assert (large["Variable"], large["Next"]) == ("$.cells", "Candidate job")
    assert large["NumericGreaterThan"] == deployment.config.job_cells == 5_000_000
    assert choice["Default"] == "Candidate"


def test_what_was_too_large_for_a_function_is_fitted_as_a_job(deployment: Synthesized) -> None:
    (catch,) = states_of_the_map(deployment)["Candidate"]["Catch"]
    assert catch["Next"] == "Candidate job"
    assert catch["ResultPath"] == "$.too_small"  # the candidate's name stays where it was
    assert {"Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"} <= set(catch["ErrorEquals"])
    assert "States.ALL" not in catch["ErrorEquals"]  # any other fault fails the run


def test_a_job_that_fails_is_a_candidate_that_failed(deployment: Synthesized) -> None:
    states = states_of_the_map(deployment)
    (catch,) = states["Candidate job"]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Candidate failed")
    failed = states["Candidate failed"]
    assert failed["Resource"] == states["Candidate"]["Resource"]
    assert failed["Parameters"] == {
        **states["Candidate"]["Parameters"],
        "failure.$": catch["ResultPath"],
    }
    assert failed["End"] is True
    assert "Catch" not in failed  # what cannot even be noted fails the run


def test_a_job_is_asked_for_again_only_while_there_is_none(deployment: Synthesized) -> None:
    retried = states_of_the_map(deployment)["Candidate job"]["Retry"]
    assert [retry["ErrorEquals"] for retry in retried] == [
        ["SageMaker.ResourceLimitExceededException"],
        ["SageMaker.ThrottlingException", "SageMaker.AmazonSageMakerException"],
    ]


def test_the_workflow_waits_longer_than_its_jobs(deployment: Synthesized) -> None:
    whole = read_definition(deployment)["TimeoutSeconds"]
    job = states_of_the_map(deployment)["Candidate job"]
    assert job["TimeoutSeconds"] > job["Parameters"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert whole > 2 * job["TimeoutSeconds"]


@pytest.mark.parametrize("execution", EXECUTIONS, ids=["rule", "person", "longest"])
@pytest.mark.parametrize("candidate", CANDIDATES)
def test_the_request_is_one_that_sagemakers_api_takes(
    deployment: Synthesized, candidate: str, execution: str
) -> None:
    request = make_request(deployment, candidate=candidate, execution=execution)
    client = make_client()
    shape = client.meta.service_model.operation_model("CreateTrainingJob").input_shape
    assert find_broken(shape, request) == []
    with Stubber(client) as stub:  # checks names and types against the API's model
        stub.add_response("create_training_job", {"TrainingJobArn": "arn:" + "x" * 20})
        client.create_training_job(**request)


@mock_aws
def test_a_job_is_made_for_every_candidate_of_a_run(deployment: Synthesized) -> None:
    client = make_client()
    for execution in EXECUTIONS:
        for candidate in CANDIDATES:
            request = make_request(deployment, candidate=candidate, execution=execution)
            client.create_training_job(**request)
            found = client.describe_training_job(TrainingJobName=request["TrainingJobName"])
            assert found["HyperParameters"]["run_id"] == execution
            assert found["HyperParameters"]["candidate"] == candidate
            assert found["RoleArn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/closed-loop-JobsRole")
            tags = client.list_tags(ResourceArn=found["TrainingJobArn"])["Tags"]
            assert {tag["Key"] for tag in tags} == {"project", "stage", "run", "candidate"}
    jobs = client.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
    assert len(jobs) == len(EXECUTIONS) * len(CANDIDATES)


def test_a_job_writes_nowhere_but_to_its_candidate(deployment: Synthesized) -> None:
    request = make_request(deployment, candidate="forest", execution="e")
    place = request["OutputDataConfig"]["S3OutputPath"]
    assert place == "s3://data-bucket/runs/e/candidates/forest/job"
    assert request["HyperParameters"]["bucket"] == "data-bucket"
    assert request["ResourceConfig"]["InstanceCount"] == 1


def test_the_program_is_in_the_package_that_the_job_gets(deployment: Synthesized) -> None:
    request = make_request(deployment, candidate="forest", execution="e")
    assert request["HyperParameters"]["sagemaker_program"] == JOB_PROGRAM
    assert (ROOT / JOB_PROGRAM).is_file()
    code = request["HyperParameters"]["sagemaker_submit_directory"].rpartition("/")[2]
    assets = json.loads(
        (deployment.folder / f"{deployment.config.prefix}-training.assets.json").read_text()
    )["files"]
    (asset,) = [file for file in assets.values() if file["source"]["path"].endswith(".gz")]
    (destination,) = asset["destinations"].values()
    assert destination["objectKey"] == code
    with tarfile.open(deployment.folder / asset["source"]["path"]) as archive:
        assert archive.getnames() == ["nothing.txt"]


def test_jobs_may_use_spare_machines(synthesize: Synthesize) -> None:
    spare = synthesize("aws", "dev", job_spot=True, job_minutes=60)
    request = make_request(spare, candidate="forest", execution="e")
    assert request["EnableManagedSpotTraining"] is True
    condition = request["StoppingCondition"]
    assert condition == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    shape = make_client().meta.service_model.operation_model("CreateTrainingJob").input_shape
    assert find_broken(shape, request) == []


def test_an_image_of_ones_own_is_the_one_that_the_role_may_pull(synthesize: Synthesize) -> None:
    image = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/ours/fit:3"
    request = make_request(
        synthesize("aws", "dev", job_image=image), candidate="forest", execution="e"
    )
    assert request["AlgorithmSpecification"]["TrainingImage"] == image
    deployment = synthesize("aws", "dev", job_image=image)
    (policy,) = (
        resource
        for logical_id, resource in deployment.resources("AWS::IAM::Policy").items()
        if logical_id.startswith("JobsRole")
    )
    assert ":ecr:eu-west-1:210987654321:repository/ours/fit" in json.dumps(policy)


def test_rejects_an_image_that_is_not_in_a_registry_of_aws(synthesize: Synthesize) -> None:
    with pytest.raises(SettingError, match="allowed are images in ECR"):
        synthesize("aws", "dev", job_image="python:3.12")


def test_the_code_of_a_job_is_the_functions_byte_for_byte(tmp_path: Path) -> None:
    bodies = {"core/a.py": b"a = 1\n", "numpy/core.so": b"\x7fELF" * 1000, "empty.py": b""}
    path = tmp_path / "fit-linux-0123.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, body in bodies.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            bundle.writestr(entry, body)
    package = Package(path=path, digest="d")
    source = make_job_source(package)
    with tarfile.open(source) as archive:
        members = {member.name: member for member in archive.getmembers()}
        found = {}
        for name, member in members.items():
            opened = archive.extractfile(member)
            assert opened is not None
            found[name] = opened.read()
    assert found == bodies
    assert (members["numpy/core.so"].mode, members["core/a.py"].mode) == (0o755, 0o644)
    first = source.read_bytes()
    source.unlink()
    assert make_job_source(package).read_bytes() == first
    assert gzip.decompress(first)[:9] == b"core/a.py"
    assert {file.name for file in tmp_path.iterdir()} == {path.name, source.name}


def test_says_so_when_the_code_of_jobs_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fit-linux-0123.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("a.py", b"")

    def be_full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gzip, "GzipFile", be_full)
    with pytest.raises(UnavailableError, match=r"cannot be written to .+: No space left"):
        make_job_source(Package(path=path, digest="d"))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
