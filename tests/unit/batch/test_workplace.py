"""The folder of a run's parts: who may work in it, and what stays of it."""

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from core.errors import ConflictError
from lambdas.batch.workplace import hold_folder, name_folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "answer.parquet"


@pytest.fixture
def folder(to: Path) -> Path:
    return name_folder(to)


@pytest.fixture(autouse=True)
def usual(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where temporary files lie."""
    path = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def test_two_runs_do_not_write_one_answer(to: Path, folder: Path) -> None:
    with hold_folder(to):
        before = set(folder.iterdir())
        with pytest.raises(ConflictError, match=r"Another run is writing answer\.parquet"):
            hold_folder(to).__enter__()
        assert set(folder.iterdir()) == before
        with hold_folder(to.with_name("other.parquet")):
            pass
    with hold_folder(to):
        pass
    assert list(to.parent.iterdir()) == []


def test_parts_stay_for_the_next_run_and_nothing_else_does(to: Path, folder: Path) -> None:
    with hold_folder(to):
        (folder / "1.parquet").touch()
        (folder / "1.json").touch()
        (folder / "2.tmp").touch()
    assert {each.name for each in folder.iterdir()} == {"1.parquet", "1.json", "lock"}
    with hold_folder(to):
        (folder / "1.json").unlink()  # a part without its count is none
    assert list(to.parent.iterdir()) == []


def test_temporary_files_go_with_the_run_that_made_them(to: Path, usual: Path) -> None:
    with hold_folder(to):
        (Path(tempfile.mkdtemp()) / "rows.csv").touch()
        assert list(usual.rglob("rows.csv")) != []
    assert list(usual.iterdir()) == []
    assert tempfile.gettempdir() == str(usual)


def test_temporary_files_of_a_run_that_was_killed_go_with_the_next(
    to: Path, folder: Path, usual: Path
) -> None:
    for name, place in (("loop-batch-1", "loop-batch-1"), ("loop-batch-2", "loop-batch-2-gone")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
        (usual / place).mkdir()
        (usual / place / "rows.csv").touch()
    (usual / "loop-batch-3").mkdir()  # another answer's
    with hold_folder(to):
        assert not list(usual.rglob("rows.csv"))
    assert [each.name for each in usual.iterdir()] == ["loop-batch-3"]


def test_temporary_files_lie_where_duckdb_sees_no_patterns(to: Path) -> None:
    with hold_folder(to.with_name("plan=pro[1].parquet")):
        made = tempfile.mkdtemp()
    assert not set("=[]*?") & set(made)


def test_a_lock_that_was_taken_away_before_it_was_had_is_none(
    to: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def end_between(lock: int, how: int) -> None:
        flock(lock, how)
        if not taken:  # the run before ends now
            (folder / "lock").unlink()
        taken.append(lock)

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", end_between)
    with hold_folder(to):
        assert os.path.samestat(os.fstat(taken[-1]), (folder / "lock").stat())
        with pytest.raises(ConflictError):
            hold_folder(to).__enter__()


def test_a_disk_without_locks_can_be_written_to(
    to: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(lock: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_folder(to):
        assert folder.is_dir()
