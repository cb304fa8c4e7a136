"""The folder of a run's parts: who may work in it, and what stays of it."""

import fcntl
import os
from pathlib import Path

import pytest

from core.errors import ConflictError
from lambdas.batch.workplace import hold_folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "answer.parquet"


def test_two_runs_do_not_write_one_answer(to: Path) -> None:
    with hold_folder(to) as folder:
        before = set(folder.iterdir())
        with pytest.raises(ConflictError, match=r"Another run is writing answer\.parquet"):
            hold_folder(to).__enter__()
        assert set(folder.iterdir()) == before
        with hold_folder(to.with_name("other.parquet")):
            pass
    with hold_folder(to):
        pass
    assert list(to.parent.iterdir()) == []


def test_parts_stay_for_the_next_run_and_nothing_else_does(to: Path) -> None:
    with hold_folder(to) as folder:
        (folder / "1.parquet").touch()
        (folder / "1.json").touch()
    assert (folder / "1.json").exists()
    with hold_folder(to):
        (folder / "1.json").unlink()  # a part without its count is none
        (folder / "2.tmp").touch()
    assert list(to.parent.iterdir()) == []


def test_a_lock_that_was_taken_away_before_it_was_had_is_none(
    to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def end_between(lock: int, how: int) -> None:
        flock(lock, how)
        if not taken:  # the run before ends now
            (to.parent / ".answer.parquet.parts" / "lock").unlink()
        taken.append(lock)

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", end_between)
    with hold_folder(to) as folder:
        assert os.path.samestat(os.fstat(taken[-1]), (folder / "lock").stat())
        with pytest.raises(ConflictError):
            hold_folder(to).__enter__()


def test_a_disk_without_locks_can_be_written_to(to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lock: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_folder(to) as folder:
        assert folder.is_dir()
