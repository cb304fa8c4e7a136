"""Every exercise is proven: its starter fails for the stated reason, its solution passes, and each
wrong answer gets its own message. A few seeds here; ``make prove`` takes 20 of them."""

import pytest

from curriculum.author import measure_coverage, read_drafts
from curriculum.author.proving import prove_exercise
from curriculum.checker.manifest import STAGES, Exercise, load_exercises

EXERCISES = load_exercises()
SEEDS = 3
each_exercise = pytest.mark.parametrize(
    "exercise", EXERCISES, ids=[exercise.manifest.slug for exercise in EXERCISES]
)


@each_exercise
def test_an_exercise_is_proven_three_ways(exercise: Exercise) -> None:
    proof = prove_exercise(exercise, seeds=SEEDS)
    allowed = {"proven", "not proven here"} if exercise.manifest.mode == "live" else {"proven"}
    told = [proof.problem, *(f"{each.answer}: {each.problem}" for each in proof.answers)]
    assert proof.verdict in allowed, "\n".join(told)


def test_every_folder_is_an_exercise() -> None:
    assert len(read_drafts()) == len(EXERCISES)


def test_every_stage_has_an_exercise() -> None:
    assert {each.manifest.stage for each in EXERCISES} == {stage.number for stage in STAGES}


def test_stages_1_to_3_cover_what_is_promised_of_them() -> None:
    coverage = measure_coverage(each.manifest for each in EXERCISES)
    promised = [each for each in coverage.topics if each.title[0] in "123RT"]
    assert [item.id for section in promised for item in section.to_come] == []
