"""Every exercise is proven: its starter fails for the stated reason, its solution passes, and each
wrong answer gets its own message, whatever the seed."""

from pathlib import Path

import pytest

from core.store import Bucket
from curriculum.checker.manifest import STAGES, Exercise, load_exercises
from curriculum.checker.results import Result, describe
from curriculum.checker.runner import run_check
from tests.curriculum.worlds import make_bucket

EXERCISES = load_exercises()
SEEDS = (0, 7, 20_261)
WRONG = [
    pytest.param(exercise, name, id=f"{exercise.manifest.slug}-{name}")
    for exercise in EXERCISES
    for name in exercise.manifest.wrong_answers
]
each_exercise = pytest.mark.parametrize(
    "exercise", EXERCISES, ids=[exercise.manifest.slug for exercise in EXERCISES]
)


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    return make_bucket()


def run(exercise: Exercise, file: Path, bucket: Bucket, seed: int) -> Result:
    return run_check(exercise, file, open_store=lambda: bucket, seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
@each_exercise
def test_the_solution_passes(exercise: Exercise, seed: int, bucket: Bucket) -> None:
    result = run(exercise, exercise.solution, bucket, seed)
    assert result.status == "pass", describe(result)


@pytest.mark.parametrize("seed", SEEDS)
@each_exercise
def test_the_starter_fails_for_its_stated_reason(
    exercise: Exercise, seed: int, bucket: Bucket
) -> None:
    result = run(exercise, exercise.starter, bucket, seed)
    assert result.status == "fail", describe(result)
    assert exercise.manifest.starter_fails in describe(result)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("exercise", "name"), WRONG)
def test_a_wrong_answer_fails_with_its_own_message(
    exercise: Exercise, name: str, seed: int, bucket: Bucket
) -> None:
    result = run(exercise, exercise.folder / "wrong" / f"{name}.py", bucket, seed)
    assert result.status == "fail", describe(result)
    assert exercise.manifest.wrong_answers[name] in describe(result)


@each_exercise
def test_every_wrong_answer_is_in_the_manifest(exercise: Exercise) -> None:
    files = {path.stem for path in (exercise.folder / "wrong").glob("*.py")}
    assert files == set(exercise.manifest.wrong_answers)
    assert len(set(exercise.manifest.wrong_answers.values())) == len(files)


@each_exercise
def test_no_hint_holds_a_line_of_the_solution(exercise: Exercise) -> None:
    lines = [line.strip() for line in exercise.solution.read_text(encoding="utf-8").splitlines()]
    code = [line for line in lines if len(line) > 20 and not line.startswith(("#", '"""'))]
    assert not [line for line in code for hint in exercise.manifest.hints if line in hint]


@each_exercise
def test_a_lesson_has_its_parts(exercise: Exercise) -> None:
    text = exercise.lesson.read_text(encoding="utf-8")
    for part in ("## Where it lives", "## What to do", "interviewer", "## Read on"):
        assert part in text
    assert f"loop learn check {exercise.manifest.slug}" in text


def test_prerequisites_form_no_circle_and_slugs_are_distinct() -> None:
    seen: set[str] = set()
    for exercise in EXERCISES:
        # In the order of the folders, so that the course can be walked through as it lies.
        assert set(exercise.manifest.prerequisites) <= seen
        assert exercise.manifest.slug not in seen
        seen.add(exercise.manifest.slug)


def test_there_are_six_stages() -> None:
    assert [stage.number for stage in STAGES] == [1, 2, 3, 4, 5, 6]
    assert {exercise.manifest.stage for exercise in EXERCISES} >= {1}
