"""The functions of a batch job, called as the workflow calls them."""

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import obstore
import pytest

from core import keys
from core.batch import Job
from core.bundle import load_bundle
from core.contract import Contract, FileFormat
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.store import Bucket, open_memory
from lambdas.batch import cutting, finish, jobs, plan, row_groups, score, stretches
from lambdas.batch.run import score_file
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.batch.batches import write_parquet

HEADER = "age,plan,usage,active"
ROWS = [f'{i},"pro",{i}.5,yes' for i in range(30)]
TEXT = "\r\n".join([HEADER, *ROWS[:7], '8,"a\r\nb",1,no', "", "old,pro,1,yes", *ROWS[8:]])


class World:
    """A bucket with a model and a file, and the workflow walked by hand."""

    def __init__(self, contract: Contract, body: bytes, *, name: str = "rows.csv") -> None:
        self.store = open_memory()
        version = make_champion(self.store, contract)
        self.bundle = load_bundle(self.store, version.bundle_id)
        self.key = f"batch/files/{name}"
        self.store.put(self.key, body)
        info = self.store.describe(self.key)
        self.job = Job(
            key=self.key,
            etag=info.etag,
            size_bytes=info.size_bytes,
            model=contract.dataset,
            version=version.version,
            bundle_id=version.bundle_id,
        )
        self.store.create(keys.batch_job(self.job.job_id, "job.json"), self.job.to_json())

    def plan(self) -> Iterator[dict[str, Any]]:
        found: dict[str, Any] = {"first": -1, "more": True}
        while found["more"]:
            found = plan.handler({"job": self.job.job_id, "after": found["first"]}, None)
            yield found

    def run(self) -> dict[str, Any]:
        for stretch in self.plan():
            for number in stretch["numbers"]:
                self.score(stretch["first"], number)
        return self.finish()

    def score(self, first: int, number: int, **more: object) -> None:
        event = {"job": self.job.job_id, "first": first, "number": number, **more}
        assert score.handler(event, None) == {}

    def finish(self, **more: object) -> dict[str, Any]:
        state = finish.handler({"job": self.job.job_id, **more}, None)
        report: dict[str, Any] = json.loads(
            self.store.get(keys.batch_job(self.job.job_id, "report.json")).body
        )
        assert state == {"state": report["state"]}
        return report

    def parts(self) -> dict[str, bytes]:
        folder = keys.batch_folder(self.job.job_id, "parts")
        return {each.key: self.store.get(each.key).body for each in self.store.list(folder)}

    def rows(self, folder: Path) -> list[tuple[Any, ...]]:
        for key, body in self.parts().items():
            (folder / key.rpartition("/")[2]).write_bytes(body)
        return read(folder / "*.parquet")

    def rows_here(self, folder: Path) -> list[tuple[Any, ...]]:
        path = folder / self.key.rpartition("/")[2]
        path.write_bytes(self.store.get(self.key).body)
        answer, version = folder / "answer.here", self.job.version
        score_file(self.bundle, path, answer, version=version, threads=1)
        return read(folder / "answer.here")


def read(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(":memory:") as connection:
        return connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    for kept in (jobs.open_data_bucket, jobs.load_job, jobs.load_model, score._compile):
        kept.cache_clear()
    monkeypatch.setattr(cutting, "SHARD_BYTES", (120, 120))
    monkeypatch.setattr(row_groups, "SHARD_ROWS", (9, 9))


def enter(monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    def bucket() -> Bucket:
        return world.store

    for module in (jobs, plan, score, finish):
        monkeypatch.setattr(module, "open_data_bucket", bucket)
    return world


def without_identifier(**changes: object) -> Contract:
    return make_contract().model_copy(update={"identifier": None, **changes})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return enter(monkeypatch, World(without_identifier(), TEXT.encode()))


def make_parquet(folder: Path, *, group: int) -> bytes:
    path = folder / "made.parquet"
    write_parquet(
        path,
        "SELECT i::DOUBLE AS age, 'pro' AS plan, i / 3 AS usage, i % 2 = 0 AS active,"
        " 'x' AS other FROM range(10000) t(i)",
        group=group,
    )
    return path.read_bytes()


def test_a_job_answers_every_row_as_this_computer_does(world: World, tmp_path: Path) -> None:
    report = world.run()
    assert report["state"] == "complete"
    assert report["shards"] > 3
    assert (report["rows"], report["failures"], report["warnings"]) == (31, 1, 1)
    assert report["listed"] == [{"row": 11, "field": "age", "reason": "not a number"}]
    found = world.rows(tmp_path)
    assert found == world.rows_here(tmp_path)
    assert [row[0] for row in found] == [*range(2, 10), *range(11, 34)]
    assert len({row[1] for row in found}) == len(found) == 31


@pytest.mark.parametrize("group", [2048, 100_000])
def test_a_parquet_file_is_read_by_its_row_groups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, group: int
) -> None:
    monkeypatch.setattr(row_groups, "SHARD_ROWS", (3000, 3000))
    body = make_parquet(tmp_path, group=group)
    world = enter(monkeypatch, World(without_identifier(), body, name="rows.parquet"))
    report = world.run()
    assert (report["state"], report["rows"], report["shards"]) == ("complete", 10_000, 4)
    folder = tmp_path / "found"
    folder.mkdir()
    assert world.rows(folder) == world.rows_here(folder)


def test_latin_letters_are_read_as_this_computer_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "\n".join([HEADER, *ROWS, "1,é,1,yes"]).encode("latin-1")
    contract = without_identifier(file=FileFormat(encoding="latin-1"))
    world = enter(monkeypatch, World(contract, text))
    assert world.run()["state"] == "complete"
    assert world.rows(tmp_path) == world.rows_here(tmp_path)


@pytest.mark.parametrize("at_most", [1, 2, 1000])
def test_stretches_cut_a_file_in_the_same_places(
    world: World, monkeypatch: pytest.MonkeyPatch, at_most: int
) -> None:
    monkeypatch.setattr(plan, "STRETCH_SHARDS", at_most)
    found = list(world.plan())
    numbers = [number for stretch in found for number in stretch["numbers"]]
    assert numbers == list(range(len(numbers)))
    spans = [
        shard
        for stretch in found
        for shard in stretches.read_stretch(world.store, world.job.job_id, stretch["first"]).shards
    ]
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))
    assert spans[-1].end == len(TEXT.encode())
    assert all(len(stretch["numbers"]) <= at_most for stretch in found)


def test_what_was_done_is_not_done_again_and_stays_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run()
    parts = world.parts()

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("it was done already")

    monkeypatch.setattr(score, "_score", refuse)
    monkeypatch.setattr(plan, "_cut", refuse)
    assert world.run()["state"] == "complete"
    assert world.parts() == parts


def test_a_call_that_died_between_part_and_count_is_made_good(world: World) -> None:
    [stretch] = world.plan()
    world.score(0, 1)
    expected = world.parts()
    obstore.delete(world.store._backend, keys.batch_count(world.job.job_id, 1))
    world.score(0, 1)
    assert world.parts() == expected
    assert world.store.exists(keys.batch_count(world.job.job_id, 1))
    assert stretch["first"] == 0


def test_a_shard_that_fails_is_listed_and_the_others_remain(world: World, tmp_path: Path) -> None:
    [stretch] = world.plan()
    cause = {"Error": "MemoryError", "Cause": json.dumps({"errorMessage": "too much"})}
    for number in stretch["numbers"]:
        if number == 1:
            world.score(0, number, failure=cause)
        elif number != 2:
            world.score(0, number)
    report = world.finish()
    assert report["state"] == "incomplete"
    first, second = report["missing"]
    assert (first["shard"], first["reason"]) == (1, "MemoryError: too much")
    assert (second["shard"], second["reason"]) == (2, finish.UNKNOWN)
    assert report["rows"] == len(world.rows(tmp_path)) > 10
    # Run again, it goes on with what is missing.
    assert world.run()["state"] == "complete"


def test_a_file_that_cannot_be_cut_is_told(world: World) -> None:
    report = world.finish(failure={"Error": "InvalidInputError", "Cause": "it is empty"})
    assert (report["state"], report["reason"]) == ("failed", "InvalidInputError: it is empty")


@pytest.mark.parametrize("kind", ["csv", "quoted", "latin-1", "parquet"])
def test_rejects_a_file_without_a_needed_column_before_any_row_is_scored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    contract, body = without_identifier(), b"plan,usage\n" + b"pro,1\n" * 100
    if kind == "quoted":
        body = b'"plan","us\nage"\n' + b'"pro",1\n' * 100
    if kind == "latin-1":
        contract = without_identifier(file=FileFormat(encoding="latin-1"))
        body = b"plan,us\xe4ge\n" + b"pro,1\n" * 100
    if kind == "parquet":
        path = tmp_path / "rows.parquet"
        write_parquet(path, "SELECT 'pro' AS plan FROM range(100)", group=50)
        body = path.read_bytes()
    world = enter(monkeypatch, World(contract, body, name=f"rows.{kind}"))
    with pytest.raises(InvalidInputError, match="has no column 'age', which the model needs"):
        next(world.plan())


@pytest.mark.parametrize("name", ["Age", "age"])
def test_rejects_two_columns_of_one_name_before_any_row_is_scored(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    body = f"age,{name}\n".encode() + b"1,2\n" * 100
    world = enter(monkeypatch, World(without_identifier(), body))
    with pytest.raises(InvalidInputError, match="columns 1 and 2 have the same name"):
        next(world.plan())


def test_rejects_a_file_that_has_changed_since(world: World) -> None:
    world.store.put(world.key, b"age\n1\n")
    with pytest.raises(InvalidInputError, match="has changed"):
        next(world.plan())


@pytest.mark.parametrize(
    ("event", "said"),
    [({}, "names no job"), ({"job": "../x"}, "letters"), ({"job": "b1", "after": True}, "'after'")],
)
def test_rejects_an_event_that_is_no_order(event: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        plan.handler(event, None)


def test_says_that_there_is_no_such_job(world: World) -> None:
    with pytest.raises(NotFoundError):
        plan.handler({"job": "b2", "after": -1}, None)
    assert world


def test_a_job_is_the_same_when_file_and_model_are(world: World) -> None:
    again = Job.from_json(world.job.to_json())
    assert again.job_id == world.job.job_id
    assert again.model_copy(update={"version": 9}).job_id != world.job.job_id
    with pytest.raises(IntegrityError):
        Job.from_json(b"{}")
