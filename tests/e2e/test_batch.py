"""Whole files scored on the local cloud, by functions with no more rights than they need."""

import json
import time
from pathlib import Path
from typing import Final

import duckdb
import pytest

from core import keys
from tests.e2e.system import Json, LiveSystem, run_loop, wait_for
from training.data.simulator import DATASET, simulate, to_csv

ROWS: Final = 120_000
NAME: Final = "rows.csv"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as it may come: with rows that break the contract."""
    path = tmp_path_factory.mktemp("batch") / NAME
    path.write_bytes(to_csv(simulate(ROWS, seed=41), seed=41).body)
    return path


@pytest.fixture(scope="module")
def answer(system: LiveSystem, rows: Path) -> tuple[Path, Json]:
    """What this computer says of the file."""
    to = rows.with_name("here.parquet")
    return to, system.loop("batch", str(rows), "--to", str(to))


def test_functions_answer_a_long_file_as_this_computer_does(
    system: LiveSystem, rows: Path, answer: tuple[Path, Json]
) -> None:
    here, said = answer
    there = rows.with_name("there.parquet")
    document = system.loop("batch", str(rows), "--cloud", "--to", str(there))
    assert there.read_bytes() == here.read_bytes()
    assert document["state"] == "complete"
    for name in ("rows", "failures", "warnings", "shards", "listed", "absent"):
        assert document[name] == said[name], name
    assert document["shards"] >= 3
    with duckdb.connect(":memory:") as connection:
        [(count, distinct, first)] = connection.execute(
            "SELECT count(*), count(DISTINCT row_number), min(row_number) FROM read_parquet(?)",
            [str(there)],
        ).fetchall()
    # Blank rows are none, and the simulator leaves some.
    assert (count, distinct, first) == (said["rows"], said["rows"], 2)
    assert count >= ROWS


def test_a_job_that_was_stopped_goes_on_where_it_was(
    system: LiveSystem, rows: Path, answer: tuple[Path, Json]
) -> None:
    s3, states = system.aws("s3"), system.aws("stepfunctions")
    bucket = system.outputs["DataBucketName"]
    key = f"{keys.BATCH_FILES}again/{NAME}"
    s3.put_object(Bucket=bucket, Key=key, Body=rows.read_bytes())
    address = f"s3://{bucket}/{key}"
    job = system.loop("batch", address, "--no-wait")["job"]

    def some() -> list[Json] | None:
        found: list[Json] | None = s3.list_objects_v2(
            Bucket=bucket, Prefix=keys.batch_folder(job, "counts")
        ).get("Contents")
        return found

    wait_for(some, within_s=120, what="the first part")
    for execution in states.list_executions(
        stateMachineArn=system.outputs["BatchStateMachineArn"], statusFilter="RUNNING"
    )["executions"]:
        states.stop_execution(executionArn=execution["executionArn"])
    time.sleep(1)
    before = {one["Key"]: one["LastModified"] for one in some() or ()}
    to = rows.with_name("again.parquet")
    document = system.loop("batch", address, "--to", str(to))
    assert document["state"] == "complete"
    assert to.read_bytes() == answer[0].read_bytes()
    after = {one["Key"]: one["LastModified"] for one in some() or ()}
    assert before
    assert {key: after[key] for key in before} == before
    assert job in [each["job"] for each in system.loop("batches")["jobs"]]


def test_functions_read_a_parquet_file_by_its_row_groups(system: LiveSystem, rows: Path) -> None:
    path, there, here = (rows.with_name(name) for name in ("p.parquet", "p1.parquet", "p2.parquet"))
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"COPY (FROM read_csv('{rows}', all_varchar = true, ignore_errors = true)) TO '{path}'"
            " (FORMAT parquet, ROW_GROUP_SIZE 10000)"
        )
    document = system.loop("batch", str(path), "--cloud", "--to", str(there))
    assert document["shards"] >= 3
    system.loop("batch", str(path), "--to", str(here))
    assert there.read_bytes() == here.read_bytes()


def test_a_file_that_cannot_be_cut_is_told_in_one_sentence(
    system: LiveSystem, tmp_path: Path
) -> None:
    path = tmp_path / "open.csv"
    path.write_text('plan,region\nbasic,"west\nbasic,east\n')
    done = run_loop(system.home, "batch", str(path), "--cloud", "--model", DATASET, "--json")
    assert done.returncode == 2, done.stderr
    assert "row 2" in json.loads(done.stdout)["error"]
