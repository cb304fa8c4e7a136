import json
import subprocess
from pathlib import Path

import pytest

from core.errors import IntegrityError, NotFoundError, UnavailableError
from core.store import Bucket, ObjectStore, open_memory
from curriculum import checker
from curriculum.checker import begin, check, hint, reset, solution, where_am_i
from curriculum.checker.manifest import find_exercise
from tests.curriculum.worlds import make_bucket

SLUG = "account-for-rows"
EXERCISE = find_exercise(SLUG)


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    return make_bucket(rows=200)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def git(workspace: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(workspace), *arguments], capture_output=True, text=True, check=True
    )
    return ran.stdout


def solve(workspace: Path) -> Path:
    begin(workspace)
    place = EXERCISE.place_in(workspace)
    place.write_text(EXERCISE.solution.read_text(encoding="utf-8"), encoding="utf-8")
    return place


def test_the_whole_circle_is_shown_before_anything_was_begun(workspace: Path) -> None:
    progress = where_am_i(workspace)
    assert not progress.has_begun
    assert not workspace.exists()
    assert [stage.title for stage in progress.stages] == [
        "Foundations", "Build", "Evaluate", "Deploy", "Operate", "Improve",
    ]  # fmt: skip
    assert progress.next_slug == SLUG
    assert progress.stages[0].exercises[0].standing == "next"
    assert all(stage.component for stage in progress.stages)


def test_begin_makes_a_git_repository_with_the_starter(workspace: Path) -> None:
    progress = begin(workspace)
    assert progress.has_begun
    place = Path(progress.stages[0].exercises[0].file)
    assert place.read_bytes() == EXERCISE.starter.read_bytes()
    assert git(workspace, "log", "--format=%s").split("\n")[:2] == [f"Starter of {SLUG}", "Begin"]
    assert git(workspace, "status", "--porcelain") == ""


def test_begin_leaves_the_learners_work_alone_when_repeated(workspace: Path) -> None:
    place = solve(workspace)
    before = place.read_bytes()
    begin(workspace)
    assert place.read_bytes() == before


def test_begin_stays_in_its_own_repository_when_git_runs_around_it(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    begin(workspace)
    assert (workspace / ".git").is_dir()
    assert not (tmp_path / "another").exists()


def test_a_pass_is_recorded_and_not_run_again(workspace: Path, bucket: Bucket) -> None:
    solve(workspace)
    result = check(SLUG, workspace=workspace, open_store=lambda: bucket, seed=5)
    assert (result.status, result.already_known) == ("pass", False)
    progress = where_am_i(workspace)
    assert progress.stages[0].exercises[0].standing == "done"
    assert progress.next_slug != SLUG
    record = json.loads((workspace / "progress.jsonl").read_text())
    assert (record["slug"], record["status"], record["seed"]) == (SLUG, "pass", 5)
    assert record["commit"] == git(workspace, "rev-parse", "HEAD").strip()

    def refuse() -> ObjectStore:
        raise AssertionError("finished work was run again")

    assert check(SLUG, workspace=workspace, open_store=refuse).already_known
    again = check(SLUG, workspace=workspace, open_store=lambda: bucket, again=True)
    assert (again.status, again.already_known) == ("pass", False)


def test_a_failure_is_recorded_and_counted(workspace: Path, bucket: Bucket) -> None:
    for _ in range(2):
        result = check(SLUG, workspace=workspace, open_store=lambda: bucket)
        assert (result.status, result.next_step) == ("fail", f"loop learn hint {SLUG}")
    shown = where_am_i(workspace).stages[0].exercises[0]
    assert (shown.standing, shown.checks) == ("next", 2)


def test_two_checks_have_different_seeds(workspace: Path, bucket: Bucket) -> None:
    seeds = {check(SLUG, workspace=workspace, open_store=lambda: bucket).seed for _ in range(3)}
    assert len(seeds) == 3


def test_nothing_is_recorded_when_the_system_is_not_ready(workspace: Path) -> None:
    result = check(SLUG, workspace=workspace, open_store=open_memory)
    assert result.status == "not ready"
    assert where_am_i(workspace).stages[0].exercises[0].checks == 0


def test_hints_come_one_by_one_and_the_last_one_stays(workspace: Path) -> None:
    taken = [hint(SLUG, workspace=workspace) for _ in range(len(EXERCISE.manifest.hints) + 1)]
    assert [each.text for each in taken[:-1]] == list(EXERCISE.manifest.hints)
    assert taken[-1] == taken[-2]
    assert where_am_i(workspace).stages[0].exercises[0].hints == len(EXERCISE.manifest.hints)


def test_the_solution_is_shown_on_the_second_asking_and_the_record_says_so(
    workspace: Path,
) -> None:
    first = solution(SLUG, workspace=workspace)
    assert (first.shown, first.text) == (False, "")
    assert f"loop learn hint {SLUG}" in first.message
    second = solution(SLUG, workspace=workspace)
    assert second.shown
    assert "def account_for_rows" in second.text
    assert where_am_i(workspace).stages[0].exercises[0].solution_seen


def test_the_solution_is_shown_at_once_after_a_pass(workspace: Path, bucket: Bucket) -> None:
    solve(workspace)
    check(SLUG, workspace=workspace, open_store=lambda: bucket)
    assert solution(SLUG, workspace=workspace).shown
    assert not where_am_i(workspace).stages[0].exercises[0].solution_seen


def test_reset_brings_the_starter_back_and_keeps_the_old_work(workspace: Path) -> None:
    place = solve(workspace)
    assert reset(SLUG, workspace=workspace) == place
    assert place.read_bytes() == EXERCISE.starter.read_bytes()
    assert place.with_name("audit.py.old").read_bytes() == EXERCISE.solution.read_bytes()


def test_rejects_an_unknown_exercise_and_says_which_there_are(workspace: Path) -> None:
    with pytest.raises(NotFoundError, match=SLUG):
        hint("no-such-exercise", workspace=workspace)


def test_rejects_a_record_that_is_none_and_names_its_line(workspace: Path) -> None:
    begin(workspace)
    (workspace / "progress.jsonl").write_text('\n{"half": ')
    with pytest.raises(IntegrityError, match="Line 2 of"):
        where_am_i(workspace)


def test_a_workspace_without_git_names_the_mend(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnavailableError, match="git is not installed") as told:
        begin(workspace)
    assert "Install git" in told.value.next_step


def test_the_public_face_is_what_the_command_line_builds_on() -> None:
    assert checker.__all__ == sorted(checker.__all__)
    assert {"begin", "where_am_i", "check", "hint", "solution", "reset"} < set(checker.__all__)
