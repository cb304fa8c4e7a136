"""Batch jobs from the command line: a cloud in memory whose functions are the real ones."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from botocore.exceptions import ClientError

from cli import batch_jobs
from core import keys
from core.errors import InvalidInputError
from core.store import Bucket
from lambdas.batch import finish, jobs, plan, score
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli import doubles
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import Pages, World

FILE = "customer_id,age,plan,usage,active\na,30,basic,1,yes\nb,old,pro,1,no\n"
MACHINE = "arn:aws:states:us-east-1:0:stateMachine:batch"


class FakeS3:
    """The bucket in memory, by the methods of boto3 that the command line calls."""

    def __init__(self, store: Bucket) -> None:
        self.store = store
        self.uploads: list[str] = []

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "data"
        if not self.store.exists(Key):
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        info = self.store.describe(Key)
        return {"ETag": info.etag, "ContentLength": info.size_bytes}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        assert bucket == "data"
        self.uploads.append(key)
        self.store.put(key, Path(path).read_bytes())

    def get_paginator(self, _operation: str) -> Pages:
        jobs = {info.key.split("/")[2] for info in self.store.list(keys.BATCH_JOBS)}
        return Pages({"CommonPrefixes": [{"Prefix": f"batch/jobs/{job}/"} for job in sorted(jobs)]})


class FakeMachine:
    """The state machine; `fails` are numbers of shards whose call does not come to an end."""

    def __init__(self) -> None:
        self.fails: set[int] = set()
        self.cause: str | dict[str, str] = "it broke"
        self.started: list[str] = []
        self.runs_on = False
        self.status = "SUCCEEDED"

    def start_execution(self, **arguments: str) -> dict[str, str]:
        assert arguments["stateMachineArn"] == MACHINE
        job = json.loads(arguments["input"])["job"]
        arn = f"{MACHINE}:{arguments['name']}".replace("stateMachine", "execution")
        self.started.append(arn)
        try:
            found: dict[str, Any] = plan.handler({"job": job, "after": -1}, None)
        except Exception as error:  # noqa: BLE001 - what a Catch of States.ALL does
            finish.handler({"job": job, "failure": catch(error)}, None)
            self.status = "FAILED"
            return {"executionArn": arn}
        for number in found["numbers"]:
            event = {"job": job, "first": 0, "number": number}
            more = {"failure": self.cause} if number in self.fails else {}
            try:
                score.handler(event | more, None)
            except Exception as error:  # noqa: BLE001 - as above
                score.handler(event | {"failure": catch(error)}, None)
        state = finish.handler({"job": job}, None)["state"]
        self.status = "SUCCEEDED" if state == "complete" else "FAILED"
        return {"executionArn": arn}

    def list_executions(self, **_arguments: object) -> dict[str, Any]:
        running = self.started if self.runs_on else []
        return {"executions": [{"executionArn": arn} for arn in running]}

    def describe_execution(self, **_arguments: object) -> dict[str, Any]:
        return {"status": self.status}


def catch(error: Exception) -> dict[str, str]:
    cause = {"errorMessage": str(error)}
    return {"Error": type(error).__name__, "Cause": json.dumps(cause)}


class Cloud:
    def __init__(self, world: World) -> None:
        self.s3, self.machine = FakeS3(world.memory), FakeMachine()
        self.store = world.memory


@pytest.fixture
def cloud(world: World, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    make_champion(world.memory, make_contract())
    found = Cloud(world)
    real = world.connect

    def connect(**arguments: object) -> Any:  # noqa: ANN401 - a system
        system = real(**arguments)
        system._made = {"s3": found.s3, "stepfunctions": found.machine}
        return system

    monkeypatch.setattr(world, "connect", connect)
    monkeypatch.setitem(doubles.OUTPUTS, "batch", {"BatchStateMachineArn": MACHINE})
    monkeypatch.setattr(batch_jobs, "POLL_S", 0.0)
    for module in (jobs, plan, score, finish):
        monkeypatch.setattr(module, "open_data_bucket", lambda: world.memory)
    for kept in (jobs.load_job, jobs.load_model, score._compile):
        kept.cache_clear()
    return found


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(FILE)
    return path


def read(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(":memory:") as connection:
        return connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()


def test_a_file_of_mine_is_sent_scored_and_fetched(
    loop: Loop, cloud: Cloud, rows: Path, tmp_path: Path
) -> None:
    there, here = tmp_path / "there.parquet", tmp_path / "here.parquet"
    result = loop("batch", str(rows), "--cloud", "--to", str(there), "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["state"], document["rows"], document["failures"]) == ("complete", 2, 1)
    assert document["listed"] == [{"row": 3, "field": "age", "reason": "not a number"}]
    assert loop("batch", str(rows), "--to", str(here)).exit_code == 0
    assert there.read_bytes() == here.read_bytes()
    assert len(read(there)) == 2
    assert not list(tmp_path.glob(".*"))
    assert cloud.s3.uploads[0].endswith("-rows.csv")


def test_the_same_file_is_neither_sent_nor_scored_again(
    loop: Loop, cloud: Cloud, rows: Path
) -> None:
    for _ in range(2):
        result = loop("batch", str(rows), "--cloud")
        assert result.exit_code == 0, result.output
    assert len(cloud.s3.uploads) == len(cloud.machine.started) == 1
    assert "complete" in result.stdout


def test_a_file_in_the_bucket_is_scored_where_it_lies(loop: Loop, cloud: Cloud) -> None:
    cloud.store.put("raw/subscriptions/aaaaaaaaaaaa-x.csv", FILE.encode())
    result = loop("batch", "s3://data/raw/subscriptions/aaaaaaaaaaaa-x.csv", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["answer"] == f"s3://data/batch/jobs/{document['job']}/parts/"
    assert cloud.store.exists(keys.batch_part(document["job"], 0))


def test_says_what_an_address_is(loop: Loop, cloud: Cloud) -> None:
    result = loop("batch", "s3://data")
    assert result.exit_code == 2
    assert "loop batch s3://BUCKET/KEY" in result.output
    assert not cloud.machine.started


def test_a_file_of_other_columns_is_refused_before_any_row(
    loop: Loop, cloud: Cloud, rows: Path
) -> None:
    rows.write_text("city\nParis\n")
    result = loop("batch", str(rows), "--cloud")
    assert result.exit_code == 2
    assert re.search(r"^Stopped: \S+ has no column 'age'", result.stderr, re.MULTILINE)
    assert "Correct the file" in result.stderr


def test_says_that_only_another_file_will_do(loop: Loop, cloud: Cloud, rows: Path) -> None:
    cloud.machine.fails, cloud.machine.cause = {0}, catch(InvalidInputError("a page is damaged."))
    result = loop("batch", str(rows), "--cloud")
    assert result.exit_code == 1
    assert "Rows 2 to 3 were not scored: a page is damaged." in result.stdout
    assert "Correct the file" in result.stdout
    assert "scores what is missing" not in result.stdout


@pytest.mark.parametrize("address", ["s3://other/batch/files/x.csv", "s3://data/captured/x"])
def test_says_where_files_may_lie(loop: Loop, cloud: Cloud, address: str) -> None:
    result = loop("batch", address)
    assert result.exit_code == 2
    assert "s3://data/batch/files/" in result.output
    assert "aws s3 cp" in result.output
    assert not cloud.machine.started


def test_says_that_there_is_no_such_object(loop: Loop, cloud: Cloud) -> None:
    assert loop("batch", "s3://data/raw/subscriptions/none.csv").exit_code == 3
    assert loop("batch", "none.csv", "--cloud").exit_code == 2
    assert not cloud.machine.started


def test_an_incomplete_job_lists_what_is_missing_and_goes_on(
    loop: Loop, cloud: Cloud, rows: Path, tmp_path: Path
) -> None:
    cloud.machine.fails = {0}
    to = tmp_path / "answer.parquet"
    result = loop("batch", str(rows), "--cloud", "--to", str(to))
    assert result.exit_code == 1
    assert "Rows 2 to 3 were not scored: it broke" in result.stdout
    assert not to.exists()
    cloud.machine.fails = set()
    assert loop("batch", str(rows), "--cloud", "--to", str(to)).exit_code == 0
    assert len(read(to)) == 2


def test_a_file_that_is_no_table_is_wrong_input(loop: Loop, cloud: Cloud, rows: Path) -> None:
    rows.write_text("age\n")
    result = loop("batch", str(rows), "--cloud")
    assert result.exit_code == 2
    assert "has a header and no rows" in result.output
    assert cloud.machine.started


def test_a_running_job_is_shown_and_not_started_again(loop: Loop, cloud: Cloud, rows: Path) -> None:
    assert loop("batch", str(rows), "--cloud", "--no-wait").exit_code == 0
    cloud.machine.runs_on = True
    document = json.loads(loop("batch", str(rows), "--cloud", "--no-wait", "--json").stdout)
    assert (document["state"], document["scored"], document["shards"]) == ("running", 1, 1)
    assert len(cloud.machine.started) == 1


def test_jobs_are_listed_and_shown(loop: Loop, cloud: Cloud, rows: Path) -> None:
    assert "There is no batch job" in loop("batches").stdout
    loop("batch", str(rows), "--cloud")
    [listed] = json.loads(loop("batches", "--json").stdout)["jobs"]
    shown = loop("batches", listed["job"])
    assert "complete" in shown.stdout
    assert "not a number" in shown.stdout
    assert "subscriptions" in loop("batches").stdout
    assert loop("batches", "b0").exit_code == 3
    assert cloud.machine.started


def test_asks_for_a_place_when_the_work_is_done_here(loop: Loop, cloud: Cloud, rows: Path) -> None:
    result = loop("batch", str(rows))
    assert result.exit_code == 2
    assert "--to answer.parquet" in result.output
    assert cloud.s3.uploads == []
