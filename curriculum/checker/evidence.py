"""What passes are evidence for: nine skills and the ML Test Score, from the records alone."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final, get_args

from pydantic import BaseModel, ConfigDict

from curriculum.checker.manifest import Exercise, SkillArea
from curriculum.checker.records import Record

AREAS: Final[tuple[SkillArea, ...]] = get_args(SkillArea)
SECTIONS: Final = ("Data", "Model", "Infra", "Monitor")
LEVELS: Final = 5
_KEY_AREAS: Final = ("dataset", "features", "modelling", "evaluation", "inference")
JUNIOR: Final[Mapping[str, int]] = {area: 3 if area in _KEY_AREAS else 2 for area in AREAS}
# Between two deeds further apart than this, the learner was probably doing something else.
_BREAK: Final = timedelta(minutes=45)


class Skill(BaseModel):
    """One of the nine areas.

    Attributes
    ----------
    level
        The highest level at which there is evidence, 0 to 5.
    within_reach
        The highest level that the exercises of this release are evidence for.
    junior
        The level that a junior role asks for.
    evidence
        Slugs of the passed exercises at that level.
    """

    model_config = ConfigDict(frozen=True)

    area: SkillArea
    level: int
    within_reach: int
    junior: int
    evidence: tuple[str, ...]


class MlTestScore(BaseModel):
    """How much of the ML Test Score (Breck et al., 2017, IEEE Big Data) passes are evidence for.

    Attributes
    ----------
    sections
        Section to how many of its seven tests; `score` is their minimum, so that a weak side
        cannot hide behind a strong one.
    """

    model_config = ConfigDict(frozen=True)

    sections: dict[str, int]
    score: int


def find_evidence(records: Sequence[Record]) -> dict[str, Record]:
    """Return slug to its first pass, without those whose solution had been looked at before."""
    seen: set[str] = set()
    passes: dict[str, Record] = {}
    for record in records:
        if record.status == "pass" and record.slug not in seen:
            passes.setdefault(record.slug, record)
        if record.event == "solution" and record.slug not in passes:
            seen.add(record.slug)
    return passes


def measure_skills(exercises: Sequence[Exercise], records: Sequence[Record]) -> tuple[Skill, ...]:
    """Return the nine skills: a level needs a pass of an exercise at that level."""
    passed = find_evidence(records)
    return tuple(_measure(area, exercises, passed) for area in AREAS)


def score_ml_tests(exercises: Sequence[Exercise], records: Sequence[Record]) -> MlTestScore:
    """Count the tests that passes are evidence for, in each of the four sections."""
    passed = find_evidence(records)
    tests = {
        test.partition(":")[0]
        for each in exercises
        if each.manifest.slug in passed
        for test in each.manifest.ml_test_score
    }
    sections = {name: sum(test.startswith(name) for test in tests) for name in SECTIONS}
    return MlTestScore(sections=sections, score=min(sections.values()))


def estimate_minutes(records: Sequence[Record]) -> int:
    """Estimate the time at work: the sum of pauses between deeds, without long ones."""
    pauses = [later.at - earlier.at for earlier, later in pairwise(records)]
    at_work = sum((each for each in pauses if timedelta() < each <= _BREAK), timedelta())
    return round(at_work / timedelta(minutes=1))


def _measure(area: SkillArea, exercises: Sequence[Exercise], passed: Mapping[str, Record]) -> Skill:
    levels = {each.manifest.slug: each.manifest.skills.get(area, 0) for each in exercises}
    level = max((found for slug, found in levels.items() if slug in passed), default=0)
    return Skill(
        area=area,
        level=level,
        within_reach=max(levels.values(), default=0),
        junior=JUNIOR[area],
        evidence=tuple(slug for slug in passed if level and levels.get(slug) == level),
    )
