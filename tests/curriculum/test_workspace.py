"""The learner's own folder: what is laid there, and what is never written over."""

from pathlib import Path

import pytest

from core.errors import UnavailableError
from curriculum.checker import begin, check, reset
from curriculum.checker.manifest import Exercise
from tests.curriculum.courses import RIGHT, STARTER, add_exercise
from tests.curriculum.learning import SLUG, git, place_of, solve


def test_begin_makes_a_git_repository_with_the_starter(exercise: Exercise, workspace: Path) -> None:
    progress = begin(workspace)
    assert progress.has_begun
    assert place_of(exercise, workspace).read_text() == STARTER
    assert git(workspace, "log", "--format=%s").split("\n")[:2] == [f"Starter of {SLUG}", "Begin"]
    git(workspace, "diff", "--exit-code")


def test_begin_lays_out_what_lies_beside_the_starter(course: Path, workspace: Path) -> None:
    exercise = add_exercise(course, SLUG, files={"starter/helpers/tools.py": "x = 1\n"})
    begin(workspace)
    assert (place_of(exercise, workspace).parent / "helpers/tools.py").read_text() == "x = 1\n"


def test_begin_leaves_the_learners_work_alone_when_repeated(
    exercise: Exercise, workspace: Path
) -> None:
    place = solve(exercise, workspace)
    begin(workspace)
    assert place.read_text() == RIGHT


def test_a_new_release_never_overwrites_work(exercise: Exercise, workspace: Path) -> None:
    place = solve(exercise, workspace, "def add(a, b):\n    return 4\n")
    assert exercise.starter is not None
    exercise.starter.write_text("# a better starter\n")
    begin(workspace, SLUG)
    assert place.read_text() == "def add(a, b):\n    return 4\n"


def test_a_starter_that_was_not_touched_gives_way_to_a_newer_one(
    exercise: Exercise, workspace: Path
) -> None:
    begin(workspace)
    assert exercise.starter is not None
    exercise.starter.write_text("# a better starter\n")
    begin(workspace)
    assert place_of(exercise, workspace).read_text() == "# a better starter\n"


def test_nothing_is_written_where_a_link_of_the_learners_points(
    exercise: Exercise, workspace: Path, tmp_path: Path
) -> None:
    place = solve(exercise, workspace)
    place.unlink()
    place.symlink_to(tmp_path / "elsewhere.py")
    begin(workspace, SLUG)
    assert place.is_symlink()
    assert not (tmp_path / "elsewhere.py").exists()


def test_begin_stays_in_its_own_repository_when_git_runs_around_it(
    exercise: Exercise, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    begin(workspace)
    assert (workspace / ".git").is_dir()
    assert not (tmp_path / "another").exists()


def test_reset_brings_the_starter_back_and_keeps_all_old_work(
    exercise: Exercise, workspace: Path
) -> None:
    place = solve(exercise, workspace, "first")
    assert reset(SLUG, workspace=workspace) == (place, place.with_name("sums.py.old"))
    place.write_text("second")
    assert reset(SLUG, workspace=workspace) == (place, place.with_name("sums.py.old.2"))
    assert place.read_text() == STARTER
    assert place.with_name("sums.py.old").read_text() == "first"
    assert place.with_name("sums.py.old.2").read_text() == "second"


def test_a_file_that_was_removed_is_brought_back_by_reset_alone(
    exercise: Exercise, workspace: Path
) -> None:
    place = solve(exercise, workspace)
    place.unlink()
    result = check(SLUG, workspace=workspace)
    assert (result.status, result.next_step) == ("error", f"loop learn reset {SLUG}")
    assert not place.exists()
    reset(SLUG, workspace=workspace)
    assert place.read_text() == STARTER


def test_a_repository_in_the_middle_of_a_merge_does_not_stop_the_course(
    exercise: Exercise, course: Path, workspace: Path
) -> None:
    begin(workspace)
    (workspace / ".git/MERGE_HEAD").write_text(git(workspace, "rev-parse", "HEAD"))
    other = add_exercise(course, "other")
    begin(workspace, "other")
    assert place_of(other, workspace).is_file()


def test_a_workspace_without_git_names_the_mend(
    exercise: Exercise, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnavailableError, match="git is not installed") as told:
        begin(workspace)
    assert "Install git" in told.value.next_step


def test_a_workspace_that_is_a_link_is_followed(
    exercise: Exercise, workspace: Path, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    workspace.symlink_to(tmp_path / "real")
    solve(exercise, workspace)
    assert check(SLUG, workspace=workspace).status == "pass"
    assert (tmp_path / "real/progress.jsonl").is_file()
