"""A run that is ended and goes on, and what does it: one thread or more."""

import argparse
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from core.errors import InvalidInputError, UnavailableError
from lambdas.batch import part, program, row_groups, run
from lambdas.batch.layout import Shard
from lambdas.batch.part import Done, do_task
from lambdas.batch.scoring import Count, Scorer
from lambdas.batch.shards import Fetched
from tests.unit.batch.batches import RECORDS, Batch, small, write, write_parquet


@contextmanager
def interrupted_at_the_end() -> Iterator[None]:
    """Interrupt what is run when all of its parts are there."""
    with (
        patch.object(run, "put_together", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        yield


def test_a_run_goes_on_where_it_was_when_it_was_interrupted(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 300)
    text = write([{"age": i, "plan": "pro", "usage": 1.0, "active": None} for i in range(100)])
    whole = batch.score(text)
    expected = batch.answer.read_bytes()
    batch.answer.unlink()
    scored: list[int] = []

    def stop(scorer: Scorer, task: part.Task) -> Done:
        scored.append(1)
        if len(scored) == 4:
            raise KeyboardInterrupt
        return do_task(scorer, task)

    monkeypatch.setattr(run, "do_task", stop)
    with pytest.raises(KeyboardInterrupt):
        batch.score(text)
    assert not batch.answer.exists()
    report = batch.score(text)
    # One or two more may have begun before the rest were called off.
    assert 3 <= report.resumed < whole.shards
    assert report.shards == whole.shards
    assert batch.answer.read_bytes() == expected
    assert list(batch.folder.glob(".*")) == []


@pytest.mark.parametrize("change", ["the model", "the rows"])
def test_parts_are_not_gone_on_with_when_something_else_is_asked(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    text = write(RECORDS)

    with interrupted_at_the_end():
        batch.score(text)
    changed = (text.replace("30", "31"), 1) if change == "the rows" else (text, 2)
    assert batch.score(changed[0], version=changed[1]).resumed == 0


def test_parts_are_not_gone_on_with_when_a_column_has_another_name(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = batch.folder / "rows.parquet"
    query = "SELECT 30 + i AS age, 'pro' AS plan, 100.0 * i AS {} FROM range(5) AS t(i)"
    write_parquet(rows, query.format("usgae"))

    with interrupted_at_the_end():
        batch.score_path(rows)
    write_parquet(rows, query.format("usage"))
    report = batch.score_path(rows)
    assert (report.resumed, report.absent) == (0, ["active"])


def test_parts_are_gone_on_with_when_only_the_end_is_missing(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = write(RECORDS)

    with interrupted_at_the_end():
        batch.score(text)
    assert batch.score(text).resumed == 1


@pytest.mark.parametrize("left", [b"", b'{"rows": 5', b"[1]", b'{"rows": 5}'])
def test_a_part_whose_count_is_damaged_is_scored_anew(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    text = write(RECORDS)
    whole = batch.score(text)

    def damage(*_: object, folder: Path, **__: object) -> None:
        [note] = folder.glob("*.json")
        note.write_bytes(left)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "put_together", damage)
    with pytest.raises(KeyboardInterrupt):
        batch.score(text)
    monkeypatch.undo()
    assert batch.score(text) == whole


def test_no_part_stays_of_a_file_that_is_wrong(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    text = write([{"age": i % 120, "plan": "pro"} for i in range(60)])
    begun: list[int] = []

    def refuse(scorer: Scorer, task: part.Task) -> Done:
        if task.shard.number == 2:
            assert len(list(task.folder.glob("*.json"))) == 2
            begun.append(2)
            raise InvalidInputError("Shard 2 is broken.")
        return do_task(scorer, task)

    monkeypatch.setattr(run, "do_task", refuse)
    with pytest.raises(InvalidInputError, match="Shard 2"):
        batch.score(text)
    assert begun == [2]
    assert list(batch.folder.glob(".*")) == []


def test_two_threads_write_the_same_answer_as_one(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    text = write([{"age": i % 120, "plan": "pro", "usage": 1.0} for i in range(60)])
    alone = batch.score(text)
    expected = batch.answer.read_bytes()
    together = batch.score(text, threads=2)
    assert together == alone
    assert together.shards > 2
    assert batch.answer.read_bytes() == expected


def test_as_many_shards_are_scored_at_the_same_time_as_there_are_threads(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    together = threading.Barrier(3, timeout=30)
    met: list[int] = []

    def meet(scorer: Scorer, task: part.Task) -> Done:
        met.append(id(scorer))
        if task.shard.number < 3:
            together.wait()  # fails unless three come
        return do_task(scorer, task)

    monkeypatch.setattr(run, "do_task", meet)
    report = batch.score(write([{"age": i % 120} for i in range(200)]), threads=3)
    assert (report.rows, report.resumed) == (200, 0)
    assert len(set(met)) == 3  # graphs, each of which keeps its memory for itself


def test_no_shard_is_begun_after_one_that_cannot_be_read(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    begun: list[int] = []
    is_over = threading.Event()

    class Pool(ThreadPoolExecutor):
        def __exit__(self, *fault: Any) -> bool | None:  # noqa: ANN401 - passed on
            is_over.set()
            return super().__exit__(*fault)

    def refuse(_: Scorer, task: part.Task) -> Done:
        begun.append(task.shard.number)
        if task.shard.number:
            is_over.wait(timeout=30)
        raise InvalidInputError(f"Shard {task.shard.number} is broken.")

    monkeypatch.setattr(run, "do_task", refuse)
    monkeypatch.setattr(run, "ThreadPoolExecutor", Pool)
    text = write([{"age": i % 120} for i in range(200)])
    with pytest.raises(InvalidInputError, match="Shard 0"):
        batch.score(text, threads=2)
    assert len(begun) <= 3  # the first, and one of each thread
    assert not batch.answer.exists()


def test_long_fields_are_read_by_two_threads_as_by_one(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python's reader has one limit for all threads: it must not be changed while another reads.
    small(monkeypatch, 400_000)
    note = 'a"' + "x" * 300_000
    text = "customer_id,age,plan,usage,active,note\n"
    text += "".join(f"{i},1,pro,1,yes,{note}\n" for i in range(24))
    report = batch.score(text, threads=4)
    assert (report.rows, report.failures) == (24, 0)
    assert report.shards > 8


def write_over(path: Path) -> None:
    path.write_bytes(path.read_bytes())


def replace(path: Path) -> None:
    other, state = path.with_name("other"), path.stat()
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(path)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"c,30,pro,1,yes\n")


CHANGES = [write_over, replace, cut_short, empty, append]


def prepare(batch: Batch, kind: str) -> Path:
    """Return a file of several shards."""
    path = batch.folder / f"rows.{kind}"
    if kind == "csv":
        path.write_text(write([{"age": i % 120, "plan": "pro"} for i in range(60)]))
    else:
        write_parquet(path, "SELECT i AS age, 'pro' AS plan FROM range(60) AS t(i)", group=10)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("change", [*CHANGES, Path.unlink])
@pytest.mark.parametrize("when", ["before a shard", "after the last"])
def test_a_file_that_changes_while_it_is_scored_has_no_answer(
    batch: Batch,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    change: Callable[[Path], None],
    when: str,
) -> None:
    small(monkeypatch, 200)
    monkeypatch.setattr(row_groups, "SHARD_ROWS", (10, 10))
    path = prepare(batch, kind)
    last = batch.score_path(path).shards - 1
    batch.answer.unlink()

    def disturb(scorer: Scorer, task: part.Task) -> Done:
        if when == "before a shard" and task.shard.number == 2:
            change(path)
        done = do_task(scorer, task)
        if when == "after the last" and task.shard.number == last:
            change(path)
        return done

    monkeypatch.setattr(run, "do_task", disturb)
    said = "cannot be read: No such file" if change is Path.unlink else "changed while it was"
    with pytest.raises(InvalidInputError, match=said):
        batch.score_path(path)
    assert last >= 3
    assert not batch.answer.exists()


def test_a_part_is_not_kept_when_the_file_changed_between_its_name_and_its_rows(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = prepare(batch, "parquet")

    def change(scorer: Scorer, fetched: Fetched, shard: Shard, to: Path) -> Count:
        replace(path)
        return score(scorer, fetched, shard, to)

    def look(scorer: Scorer, task: part.Task) -> Done:
        try:
            return do_task(scorer, task)
        finally:
            kept.append(list(task.folder.glob("*.json")))

    kept: list[list[Path]] = []
    score = Scorer.score
    monkeypatch.setattr(Scorer, "score", change)
    monkeypatch.setattr(run, "do_task", look)
    with pytest.raises(InvalidInputError, match="has changed"):
        batch.score_path(path)
    assert kept == [[]]


def test_a_disk_that_cannot_be_read_is_not_called_full() -> None:
    chosen = argparse.Namespace(file=Path("rows.parquet"), to=Path("answer.parquet"))
    fault = 'IO Error: Could not read from file "/tmp/x/rows.parquet": Input/output error'
    with (
        pytest.raises(UnavailableError, match=r"rows\.parquet could not be read"),
        program._disk_watched(chosen),
    ):
        raise duckdb.IOException(fault)
