"""A run that is ended and goes on, and what does it: one thread or more."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInputError
from lambdas.batch import part, run
from lambdas.batch.part import Done, do_task
from lambdas.batch.scoring import Scorer
from tests.fixtures.bundles import make_contract
from tests.unit.batch.batches import RECORDS, Batch, small, write, write_parquet


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(make_contract(), tmp_path)


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

    def keep(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "put_together", keep)
    with pytest.raises(KeyboardInterrupt):
        batch.score(text)
    monkeypatch.undo()
    changed = (text.replace("30", "31"), 1) if change == "the rows" else (text, 2)
    assert batch.score(changed[0], version=changed[1]).resumed == 0


def test_parts_are_not_gone_on_with_when_a_column_has_another_name(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = batch.folder / "rows.parquet"
    query = "SELECT 30 + i AS age, 'pro' AS plan, 100.0 * i AS {} FROM range(5) AS t(i)"
    write_parquet(rows, query.format("usgae"))

    def keep(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "put_together", keep)
    with pytest.raises(KeyboardInterrupt):
        batch.score_path(rows)
    monkeypatch.undo()
    write_parquet(rows, query.format("usage"))
    report = batch.score_path(rows)
    assert (report.resumed, report.absent) == (0, ["active"])


def test_parts_are_gone_on_with_when_only_the_end_is_missing(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = write(RECORDS)

    def keep(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "put_together", keep)
    with pytest.raises(KeyboardInterrupt):
        batch.score(text)
    monkeypatch.undo()
    assert batch.score(text).resumed == 1


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
