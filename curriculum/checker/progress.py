"""Where the learner is: a pure function of the exercises and of the records in the workspace."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from curriculum.checker.manifest import STAGES, Exercise, Stage, load_exercises
from curriculum.checker.workspace import Record, read_records

Standing = Literal["done", "next", "open", "locked"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ExerciseProgress(_View):
    """One exercise, and what became of it.

    Attributes
    ----------
    standing
        `done`; `next` (the first that can be done now); `open`; `locked` (a prerequisite is not
        done).
    checks, hints, solution_seen
        How often it was checked, how many hints were taken, whether the solution was looked at
        before the first pass.
    file, lesson
        What to edit, and what to read first.
    """

    slug: str
    title: str
    minutes: int
    standing: Standing
    checks: int
    hints: int
    solution_seen: bool
    file: str
    lesson: str


class StageProgress(_View):
    """One stage; `exercises` is empty where this release has none yet."""

    number: int
    title: str
    learns: str
    component: str
    exercises: tuple[ExerciseProgress, ...]

    @property
    def done(self) -> int:
        """How many of its exercises are done."""
        return sum(each.standing == "done" for each in self.exercises)


class Progress(_View):
    """The whole circle, and the learner's place in it.

    Attributes
    ----------
    has_begun
        Whether there is a workspace.
    next_slug
        The exercise to do now; None when all that there are have been done.
    """

    workspace: str
    has_begun: bool
    stages: tuple[StageProgress, ...]
    next_slug: str | None


def where_am_i(workspace: Path) -> Progress:
    """Read where the learner is; changes nothing, and works before there is a workspace."""
    exercises = load_exercises()
    records = read_records(workspace)
    done = {record.slug for record in records if record.status == "pass"}
    next_slug = next((each.manifest.slug for each in exercises if _is_open(each, done)), None)
    return Progress(
        workspace=str(workspace),
        has_begun=(workspace / ".git").exists(),
        stages=tuple(
            _view_stage(stage, exercises, records, workspace, next_slug) for stage in STAGES
        ),
        next_slug=next_slug,
    )


def _view_stage(
    stage: Stage,
    exercises: Sequence[Exercise],
    records: Sequence[Record],
    workspace: Path,
    next_slug: str | None,
) -> StageProgress:
    return StageProgress(
        number=stage.number,
        title=stage.title,
        learns=stage.learns,
        component=stage.component,
        exercises=tuple(
            _view_exercise(each, records, workspace, next_slug)
            for each in exercises
            if each.manifest.stage == stage.number
        ),
    )


def _view_exercise(
    exercise: Exercise, records: Sequence[Record], workspace: Path, next_slug: str | None
) -> ExerciseProgress:
    manifest = exercise.manifest
    own = [record for record in records if record.slug == manifest.slug]
    passes = [place for place, record in enumerate(own) if record.status == "pass"]
    before_pass = own[: passes[0]] if passes else own
    done = {record.slug for record in records if record.status == "pass"}
    return ExerciseProgress(
        slug=manifest.slug,
        title=manifest.title,
        minutes=manifest.minutes,
        standing=_standing(exercise, done, next_slug),
        checks=sum(record.event == "check" for record in own),
        hints=max((record.hint or 0 for record in own), default=0),
        solution_seen=any(record.event == "solution" for record in before_pass),
        file=str(exercise.place_in(workspace)),
        lesson=str(exercise.lesson),
    )


def _standing(exercise: Exercise, done: set[str], next_slug: str | None) -> Standing:
    slug = exercise.manifest.slug
    if slug in done:
        return "done"
    if slug == next_slug:
        return "next"
    return "open" if _is_open(exercise, done) else "locked"


def _is_open(exercise: Exercise, done: set[str]) -> bool:
    manifest = exercise.manifest
    return manifest.slug not in done and set(manifest.prerequisites) <= done
