"""What a learner does with an exercise, and what is shown of it."""

import subprocess
from pathlib import Path

from curriculum.checker import begin, where_am_i
from curriculum.checker.manifest import Exercise
from curriculum.checker.progress import ExerciseProgress
from tests.curriculum.courses import RIGHT

SLUG = "sums"


def git(workspace: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(workspace), *arguments], capture_output=True, text=True, check=True
    )
    return ran.stdout


def place_of(exercise: Exercise, workspace: Path) -> Path:
    place = exercise.place_in(workspace)
    assert place is not None
    return place


def solve(exercise: Exercise, workspace: Path, text: str = RIGHT) -> Path:
    begin(workspace, exercise.manifest.slug)
    place = place_of(exercise, workspace)
    place.write_text(text, encoding="utf-8")
    return place


def shown(workspace: Path, slug: str = SLUG) -> ExerciseProgress:
    return next(each for each in where_am_i(workspace).exercises if each.slug == slug)
