from pathlib import Path

import pytest

from tests.e2e.walker import HANDFUL, Step, choose

STEPS = [
    Step(
        slug=f"exercise-{number}",
        folder=Path("stages"),
        file=None,
        is_capstone=number % 10 == 9,
        part={4: "clean", 5: "alarm"}.get(number),
        mode="live" if number == 6 else "code",
    )
    for number in range(20)
]
ONLY_WITH_ALL = {"exercise-5", "exercise-6"}
ALWAYS = {"exercise-4", "exercise-9", "exercise-19"}


def slugs(*, asked: str | None = None, day: int = 0) -> list[str]:
    return [step.slug for step in choose(STEPS, asked=asked, day=day)]


@pytest.mark.parametrize("day", range(8))
def test_capstones_and_parts_are_walked_every_day(day: int) -> None:
    found = slugs(day=day)
    assert set(found) >= ALWAYS
    assert len(found) == len(ALWAYS) + HANDFUL
    assert found == [step.slug for step in STEPS if step.slug in found]


def test_every_exercise_comes_round() -> None:
    found = {slug for day in range(700_000, 700_006) for slug in slugs(day=day)}
    assert found == {step.slug for step in STEPS} - ONLY_WITH_ALL


def test_all_are_walked_where_that_is_asked() -> None:
    assert slugs(asked="all") == [step.slug for step in STEPS]
    assert set(slugs(asked="0")) == ALWAYS
