"""Every exercise is proven: its starter fails for the stated reason, its solution passes, and each
wrong answer gets its own message. A few seeds here; ``make prove`` takes 20 of them."""

import pytest

from curriculum.author import read_drafts
from curriculum.author.proving import prove_exercise
from curriculum.checker.manifest import Exercise, load_exercises

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
