"""Where the learner is: a pure function of the exercises and of the records in the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

from curriculum.checker.evidence import (
    MlTestScore,
    Skill,
    estimate_minutes,
    measure_skills,
    score_ml_tests,
)
from curriculum.checker.manifest import STAGES, Exercise, Mode, Stage, load_exercises
from curriculum.checker.records import Record, find_damaged_lines, read_records

Standing = Literal["done", "covered", "next", "open", "skipped", "locked"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ExerciseProgress(_View):
    """One exercise, and what became of it.

    Attributes
    ----------
    standing
        `done`; `covered` (the stage's capstone was passed); `next` (the one to do now); `open`;
        `skipped`; `locked` (an exercise before it is not done yet; it may be tried all the same).
    checks, hints, solution_seen
        How often it was checked, how many hints were taken, whether the solution was looked at
        before the first pass.
    file, lesson
        What to edit (None where the learner acts by commands), and what to read first.
    """

    slug: str
    title: str
    minutes: int
    mode: Mode
    capstone: bool
    standing: Standing
    checks: int
    hints: int
    solution_seen: bool
    file: str | None
    lesson: str

    @property
    def is_settled(self) -> bool:
        """Whether it counts as done."""
        return self.standing in {"done", "covered"}


class StageProgress(_View):
    """One stage, its exercises, and those that later releases bring (`to_come`)."""

    number: int
    title: str
    place: str
    learns: str
    component: str
    exercises: tuple[ExerciseProgress, ...]
    to_come: tuple[str, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def done(self) -> int:
        """How many of its exercises are done."""
        return sum(each.is_settled for each in self.exercises)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def minutes_left(self) -> int:
        """How long the rest of it takes."""
        return sum(each.minutes for each in self.exercises if not each.is_settled)


class Progress(_View):
    """The whole circle, and the learner's place in it.

    Attributes
    ----------
    has_begun
        Whether there is a workspace.
    next_slug
        The exercise to do now; None when all that there are have been done.
    minutes_left, minutes_spent
        What the exercises that are left take, by their manifests; and an estimate from the times
        of the records, without long pauses.
    damaged_lines
        Lines of ``progress.jsonl`` that are no records, and were left out.
    """

    workspace: str
    has_begun: bool
    stages: tuple[StageProgress, ...]
    next_slug: str | None
    minutes_left: int
    minutes_spent: int
    skills: tuple[Skill, ...]
    ml_test_score: MlTestScore
    damaged_lines: tuple[int, ...] = ()

    @property
    def current(self) -> ExerciseProgress | None:
        """The exercise to do now."""
        return next((each for each in self.exercises if each.slug == self.next_slug), None)

    @property
    def exercises(self) -> tuple[ExerciseProgress, ...]:
        """All exercises, in order."""
        return tuple(each for stage in self.stages for each in stage.exercises)


@dataclass(frozen=True, slots=True)
class _Standings:
    """Slugs by what became of them."""

    done: frozenset[str]
    covered: frozenset[str]
    skipped: frozenset[str]
    next_slug: str | None

    def of(self, exercise: Exercise) -> Standing:
        slug = exercise.manifest.slug
        named: tuple[tuple[Standing, bool], ...] = (
            ("done", slug in self.done),
            ("covered", slug in self.covered),
            ("next", slug == self.next_slug),
            ("skipped", slug in self.skipped),
            ("locked", not set(exercise.manifest.prerequisites) <= self.behind),
        )
        return next((standing for standing, is_so in named if is_so), "open")

    @property
    def behind(self) -> frozenset[str]:
        """What no later exercise has to wait for."""
        return self.done | self.covered | self.skipped


def where_am_i(workspace: Path) -> Progress:
    """Read where the learner is; changes nothing, and works before there is a workspace."""
    exercises, records = load_exercises(), read_records(workspace)
    standings = _find_standings(exercises, records)
    stages = tuple(_view_stage(each, exercises, records, workspace, standings) for each in STAGES)
    return Progress(
        workspace=str(workspace),
        has_begun=(workspace / ".git").exists(),
        stages=stages,
        next_slug=standings.next_slug,
        minutes_left=sum(stage.minutes_left for stage in stages),
        minutes_spent=estimate_minutes(records),
        skills=measure_skills(exercises, records),
        ml_test_score=score_ml_tests(exercises, records),
        damaged_lines=find_damaged_lines(workspace),
    )


def _find_standings(exercises: Sequence[Exercise], records: Sequence[Record]) -> _Standings:
    done = frozenset(record.slug for record in records if record.status == "pass")
    finished = {
        each.manifest.stage
        for each in exercises
        if each.manifest.capstone and each.manifest.slug in done
    }
    covered = frozenset(
        each.manifest.slug
        for each in exercises
        if each.manifest.stage in finished and each.manifest.slug not in done
    )
    last = {record.slug: record.event for record in records}
    skipped = frozenset(slug for slug, event in last.items() if event == "skip") - done - covered
    behind = done | covered | skipped
    slugs = [each.manifest.slug for each in exercises]
    ready = [
        each.manifest.slug
        for each in exercises
        if each.manifest.slug not in behind and set(each.manifest.prerequisites) <= behind
    ]
    # What was skipped comes round again when there is nothing else.
    ready += [slug for slug in slugs if slug in skipped]
    # Whoever is at an exercise stays at it, whatever comes first in the order.
    ready[:0] = [each.slug for each in records[-1:] if each.slug in set(slugs) - behind]
    return _Standings(done, covered, skipped, next(iter(ready), None))


def _view_stage(
    stage: Stage,
    exercises: Sequence[Exercise],
    records: Sequence[Record],
    workspace: Path,
    standings: _Standings,
) -> StageProgress:
    return StageProgress(
        number=stage.number,
        title=stage.title,
        place=stage.place,
        learns=stage.learns,
        component=stage.component,
        to_come=stage.to_come,
        exercises=tuple(
            _view_exercise(each, records, workspace, standings)
            for each in exercises
            if each.manifest.stage == stage.number
        ),
    )


def _view_exercise(
    exercise: Exercise, records: Sequence[Record], workspace: Path, standings: _Standings
) -> ExerciseProgress:
    manifest = exercise.manifest
    own = [record for record in records if record.slug == manifest.slug]
    passes = [place for place, record in enumerate(own) if record.status == "pass"]
    before_pass = own[: passes[0]] if passes else own
    place = exercise.place_in(workspace)
    return ExerciseProgress(
        slug=manifest.slug,
        title=manifest.title,
        minutes=manifest.minutes,
        mode=manifest.mode,
        capstone=manifest.capstone,
        standing=standings.of(exercise),
        checks=sum(record.is_attempt for record in own),
        hints=max((record.hint or 0 for record in own), default=0),
        solution_seen=any(record.event == "solution" for record in before_pass),
        file=str(place) if place else None,
        lesson=str(exercise.lesson),
    )
