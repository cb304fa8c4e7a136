"""A run that is ended and goes on, and what does it: one process or two."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from core.errors import UnavailableError
from lambdas.batch import part, run, workers
from lambdas.batch.part import Done, do_task
from lambdas.batch.run import score_file
from lambdas.batch.scoring import Scorer
from lambdas.batch.workers import open_workers
from tests.fixtures.bundles import make_contract
from tests.unit.batch.batches import RECORDS, Batch, small, write


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

    monkeypatch.setattr(workers, "do_task", stop)
    with pytest.raises(KeyboardInterrupt):
        batch.score(text)
    assert not batch.answer.exists()
    report = batch.score(text)
    # The shard that was being scored beside the faulty one may have come to its end.
    assert report.resumed in (3, 4)
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


def test_few_shards_wait_at_a_time(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 60)
    begun: list[int] = []
    done: list[int] = []

    def count(scorer: Scorer, task: part.Task) -> Done:
        assert len(begun) - len(done) <= 4
        found = do_task(scorer, task)
        done.append(1)
        return found

    class Counted(part.Task):
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - passed on
            begun.append(1)
            super().__init__(*arguments)

    monkeypatch.setattr(workers, "do_task", count)
    monkeypatch.setattr(run, "Task", Counted)
    batch.score(write([{"age": i} for i in range(40)]))
    assert len(done) > 6


def test_two_processes_write_the_same_answer_as_one(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    text = write([{"age": i % 120, "plan": "pro", "usage": 1.0} for i in range(60)])
    alone = batch.score(text)
    expected = batch.answer.read_bytes()
    together = batch.score(text, count=2)
    assert together == alone
    assert together.shards > 2
    assert batch.answer.read_bytes() == expected


def test_both_processes_score_and_either_may_be_the_one_that_is_late(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    here: list[int] = []

    def count(scorer: Scorer, task: part.Task) -> Done:
        here.append(task.shard.number)
        return do_task(scorer, task)

    monkeypatch.setattr(workers, "do_task", count)
    report = batch.score(write([{"age": i % 120} for i in range(200)]), count=2)
    assert 0 < len(here) < report.shards
    assert len(set(here)) == len(here)


def test_a_process_that_is_ended_from_outside_is_told_and_nothing_is_lost(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 200)
    text = write([{"age": i % 120} for i in range(200)])
    path = batch.folder / "rows.csv"
    path.write_text(text)
    with open_workers(batch.bundle, version=1, count=2) as several:
        for child in multiprocessing.active_children():
            child.kill()
        with pytest.raises(UnavailableError, match="ended from outside") as told:
            score_file(several, path, batch.answer)
    assert "the same command again" in str(told.value.next_step)
    assert not batch.answer.exists()
    again = batch.score(text)
    assert again.rows == 200
