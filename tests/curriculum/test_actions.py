import json
import subprocess
from pathlib import Path

import pytest

from core.errors import NotFoundError, UnavailableError
from core.store import ObjectStore
from curriculum import checker
from curriculum.checker import begin, check, hint, skip, solution, where_am_i
from curriculum.checker.manifest import Exercise
from tests.curriculum.courses import CHECK, RIGHT, STARTER, add_exercise, load_fresh
from tests.curriculum.learning import SLUG, git, shown, solve

PROBE = "\ndef probe(bench):\n    return None\n"


def read_lines(workspace: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (workspace / "progress.jsonl").read_text().splitlines()]


def test_the_whole_circle_is_shown_before_anything_was_begun(workspace: Path) -> None:
    progress = where_am_i(workspace)
    assert not progress.has_begun
    assert not workspace.exists()
    assert [stage.title for stage in progress.stages] == [
        "Foundations", "Build", "Evaluate", "Deploy", "Operate", "Improve",
    ]  # fmt: skip
    assert progress.next_slug == "account-for-rows"
    assert all(stage.component and stage.place for stage in progress.stages)
    assert all(stage.to_come for stage in progress.stages[3:])


def test_a_pass_is_evidence_and_is_not_run_again(exercise: Exercise, workspace: Path) -> None:
    place = solve(exercise, workspace, STARTER)
    assert check(SLUG, workspace=workspace, seed=5).status == "fail"
    hint(SLUG, workspace=workspace)
    place.write_text(RIGHT)
    result = check(SLUG, workspace=workspace, seed=5)
    assert (result.status, result.already_known, result.file_passed) == ("pass", False, True)
    assert where_am_i(workspace).next_slug is None
    record = read_lines(workspace)[-1]
    assert (record["slug"], record["status"], record["seed"]) == (SLUG, "pass", 5)
    assert (record["attempts"], record["hints_used"]) == (2, 1)
    assert (record["commit"], record["uncommitted"]) == (
        git(workspace, "rev-parse", "HEAD").strip(),
        True,
    )
    assert {"python", "system", "numpy"} <= set(record["environment"])  # type: ignore[call-overload]
    assert check(SLUG, workspace=workspace).already_known
    again = check(SLUG, workspace=workspace, again=True)
    assert (again.status, again.already_known) == ("pass", False)


def test_the_command_that_keeps_a_step_keeps_its_record_too(
    exercise: Exercise, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@localhost")
    solve(exercise, workspace)
    *_, note = check(SLUG, workspace=workspace).notes
    subprocess.run(note.partition("in it: ")[2], shell=True, check=True)
    assert git(workspace, "status", "--porcelain") == ""
    assert {"progress.jsonl", "1_stage/01_sums/sums.py"} <= set(
        git(workspace, "ls-files").splitlines()
    )


def test_finished_work_is_run_again_when_what_was_judged_changed(
    exercise: Exercise, workspace: Path
) -> None:
    place = solve(exercise, workspace)
    check(SLUG, workspace=workspace)
    (place.parent / "beside.py").write_text("x = 1\n")
    assert not check(SLUG, workspace=workspace).already_known
    assert check(SLUG, workspace=workspace).already_known
    exercise.check_file.write_text(exercise.check_file.read_text() + "\n# better\n")
    assert not check(SLUG, workspace=workspace).already_known
    exercise.lesson.write_text("Better words.")
    assert check(SLUG, workspace=workspace).already_known


def test_a_pass_of_an_older_release_still_counts(exercise: Exercise, workspace: Path) -> None:
    begin(workspace)
    line = {"at": "2026-11-01T10:00:00Z", "slug": SLUG, "event": "check", "status": "pass"}
    newer = {"at": "2026-11-01T10:00:00Z", "slug": SLUG, "event": "hint", "hint": 1, "mood": "ok"}
    text = "\n".join(map(json.dumps, (line | {"answer_sha256": "ab"}, newer)))
    (workspace / "progress.jsonl").write_text(text)
    assert (shown(workspace).standing, shown(workspace).hints) == ("done", 1)


def test_a_failure_is_recorded_and_counted(exercise: Exercise, workspace: Path) -> None:
    for _ in range(2):
        result = check(SLUG, workspace=workspace)
        assert (result.status, result.next_step) == ("fail", f"loop learn hint {SLUG}")
    assert (shown(workspace).standing, shown(workspace).checks) == ("next", 2)


def test_two_checks_have_different_seeds(exercise: Exercise, workspace: Path) -> None:
    assert len({check(SLUG, workspace=workspace).seed for _ in range(3)}) == 3


def test_nothing_is_counted_when_the_system_is_not_ready(course: Path, workspace: Path) -> None:
    probe = "def probe(bench):\n    return bench.store and None\n"
    add_exercise(course, SLUG, file=None, function=None, mode="live", files={"check.py": probe})

    def refuse() -> ObjectStore:
        raise UnavailableError("Nothing runs.", next_step="make up")

    result = check(SLUG, workspace=workspace, open_store=refuse)
    assert (result.status, result.next_step) == ("not ready", "make up")
    assert shown(workspace).checks == 0


def test_a_file_that_behaves_is_remembered_though_the_system_is_not_ready(
    course: Path, workspace: Path
) -> None:
    probe = "\ndef probe(bench):\n    return bench.live and None\n"
    exercise = add_exercise(course, SLUG, mode="live", files={"check.py": CHECK + probe})
    solve(exercise, workspace)
    result = check(SLUG, workspace=workspace)
    assert (result.status, result.file_passed, result.next_step) == ("not ready", True, "loop up")
    assert read_lines(workspace)[-1]["file_passed"] is True
    assert (shown(workspace).checks, shown(workspace).standing) == (0, "next")


@pytest.mark.parametrize(
    ("probe", "told"),
    [("", "next 'loop deploy' puts your clean"), (PROBE, "does this with your clean now")],
)
def test_a_pass_says_whether_the_part_works_in_the_system_already(
    course: Path, workspace: Path, probe: str, told: str
) -> None:
    exercise = add_exercise(
        course, SLUG, mode="live", part="clean", files={"check.py": CHECK + probe}
    )
    solve(exercise, workspace)
    result = check(SLUG, workspace=workspace)
    assert result.status == "pass"
    assert told in result.notes[0]


def test_hints_come_one_by_one_and_the_last_one_stays(exercise: Exercise, workspace: Path) -> None:
    taken = [hint(SLUG, workspace=workspace).text for _ in range(4)]
    assert taken == ["look", "look closer", "look at the sign", "look at the sign"]
    assert shown(workspace).hints == 3


def test_the_solution_is_shown_on_the_second_asking_and_is_no_evidence(
    exercise: Exercise, workspace: Path
) -> None:
    first = solution(SLUG, workspace=workspace)
    assert (first.shown, first.text) == (False, "")
    assert f"loop learn hint {SLUG}" in first.message
    second = solution(SLUG, workspace=workspace)
    assert (second.shown, second.text) == (True, RIGHT)
    assert shown(workspace).solution_seen
    solve(exercise, workspace)
    check(SLUG, workspace=workspace)
    assert shown(workspace).standing == "done"
    assert not any(skill.level for skill in where_am_i(workspace).skills)


def test_the_solution_is_shown_at_once_after_a_pass(exercise: Exercise, workspace: Path) -> None:
    solve(exercise, workspace)
    check(SLUG, workspace=workspace)
    assert solution(SLUG, workspace=workspace).shown
    assert not shown(workspace).solution_seen


def test_what_was_skipped_is_out_of_the_way_and_comes_round_again(
    course: Path, workspace: Path
) -> None:
    add_exercise(course, "one")
    two = add_exercise(course, "two", prerequisites=["one"])
    assert skip("one", workspace=workspace).next_slug == "two"
    assert shown(workspace, "one").standing == "skipped"
    solve(two, workspace)
    check("two", workspace=workspace)
    assert where_am_i(workspace).next_slug == "one"


def test_whoever_names_an_exercise_is_at_it_until_it_is_done(course: Path, workspace: Path) -> None:
    add_exercise(course, "one")
    two = add_exercise(course, "two")
    assert begin(workspace).next_slug == "one"
    assert begin(workspace, "two").next_slug == "two"
    assert begin(workspace, "one").next_slug == "one"
    solve(two, workspace)
    check("two", workspace=workspace)
    assert begin(workspace).next_slug == "one"
    hint("one", workspace=workspace)
    assert begin(workspace).next_slug == "one"


def test_a_capstone_stands_for_its_stage_and_for_no_skill_but_its_own(
    course: Path, workspace: Path
) -> None:
    add_exercise(course, "one", skills={"features": 2})
    add_exercise(course, "two", prerequisites=["one"])
    top = add_exercise(course, "top", prerequisites=["two"], capstone=True, skills={"dataset": 3})
    other = add_exercise(course, "other", stage=2, prerequisites=["two"])
    assert shown(workspace, "top").standing == "locked"
    solve(top, workspace)
    assert check("top", workspace=workspace).status == "pass"
    standings = {each.slug: each.standing for each in where_am_i(workspace).exercises}
    assert standings == {"one": "covered", "two": "covered", "top": "done", "other": "next"}
    levels = {skill.area: skill.level for skill in where_am_i(workspace).skills}
    assert (levels["dataset"], levels["features"]) == (3, 0)
    assert where_am_i(workspace).minutes_left == other.manifest.minutes


@pytest.mark.parametrize(("slug", "meant"), [("Sum", "Was 'sums' meant? "), ("another", "")])
def test_rejects_an_unknown_exercise_and_says_which_may_be_meant(
    exercise: Exercise, workspace: Path, slug: str, meant: str
) -> None:
    with pytest.raises(NotFoundError, match=f"There is no exercise '{slug}'.") as caught:
        hint(slug, workspace=workspace)
    assert caught.value.next_step == f"{meant}loop learn list shows all of them"


@pytest.mark.parametrize("damage", [b'{"half": ', b"\xff\xfe\x00", b"[]", b"null"])
def test_a_damaged_record_is_named_and_loses_no_other(
    exercise: Exercise, workspace: Path, damage: bytes
) -> None:
    hint(SLUG, workspace=workspace)
    path = workspace / "progress.jsonl"
    lines = len(path.read_bytes().splitlines())
    path.write_bytes(path.read_bytes() + damage)
    hint(SLUG, workspace=workspace)
    progress = where_am_i(workspace)
    assert progress.damaged_lines == (lines + 1,)
    assert shown(workspace).hints == 2


def test_time_at_work_leaves_long_pauses_out(exercise: Exercise, workspace: Path) -> None:
    begin(workspace)
    times = ("10:00", "10:20", "10:30", "13:00", "13:05")
    lines = [
        json.dumps({"at": f"2026-11-01T{time}:00Z", "slug": SLUG, "event": "hint", "hint": 1})
        for time in times
    ]
    (workspace / "progress.jsonl").write_text("\n".join(lines) + "\n")
    assert where_am_i(workspace).minutes_spent == 35


def test_the_ml_test_score_is_its_weakest_side(course: Path, workspace: Path) -> None:
    tests = ["Data 1: a schema", "Data 2", "Model 1", "Infra 3", "Monitor 7: words"]
    exercise = add_exercise(course, SLUG, ml_test_score=tests)
    assert where_am_i(workspace).ml_test_score.score == 0
    solve(exercise, workspace)
    check(SLUG, workspace=workspace)
    found = where_am_i(workspace).ml_test_score
    assert (found.score, found.sections["Data"]) == (1, 2)


def test_the_public_face_is_what_the_command_line_builds_on() -> None:
    assert checker.__all__ == sorted(checker.__all__)
    assert {"begin", "where_am_i", "check", "hint", "solution", "reset"} < set(checker.__all__)


def test_exercises_are_read_again_where_they_changed(course: Path) -> None:
    add_exercise(course, "one")
    assert [each.manifest.slug for each in load_fresh(course)] == ["one"]
