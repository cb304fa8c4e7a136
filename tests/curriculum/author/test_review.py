"""Each fault of an exercise is found with one clear sentence."""

from pathlib import Path

import pytest

from core.errors import NotFoundError
from curriculum.author import create, read_drafts
from tests.curriculum.author.studio import SECTION, SLUG, Studio

MANIFEST = "exercise.toml"
OTHER = "another-one"


def test_nothing_is_found_when_all_is_in_order(studio: Studio) -> None:
    assert studio.problems() == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "', 'titel = "', "titel: Extra inputs are not permitted."),
        ("minutes = 20", "minutes = 0", "minutes: Input should be greater than or equal to 1."),
        ("dataset = 1", "cooking = 1", "skills.cooking"),
        ('mode = "code"', "mode = code", "This is no TOML"),
        ('"A nudge', '"A nudge"]\nx = ["', "hints: Tuple should have at least 3 items"),
        ("storage: the", "kitchen: the", "component: begin with one of storage, training"),
        (
            "covers = []",
            'covers = ["cooking"]',
            "covers: cooking is not in ",
        ),
        (
            "prerequisites = []",
            'prerequisites = []\nml_test_score = ["Data 1: taste"]',
            "ml_test_score: 'Data 1: taste' is not one of the 28",
        ),
        (f'"{SLUG}"', '"find-it"', "The folder is to be called like its slug: 01_find_it."),
        ("[skills]\ndataset = 1", "[skills]", "skills: name at least one area and its level."),
        (
            "prerequisites = []",
            'prerequisites = ["nothing-there"]',
            "The prerequisite nothing-there does not exist.",
        ),
        (
            'missing_as_zero = "Missing is not zero"',
            'missing_as_zero = "Order comes first"',
            "wrong_answers: two of them get the same words",
        ),
        (
            "missing_as_zero =",
            "as_zero =",
            "wrong_answers: missing_as_zero lies in wrong/, and the manifest does not name it.",
        ),
        (
            "missing_as_zero =",
            "as_zero =",
            "wrong_answers: as_zero is named, and there is no wrong/as_zero.py.",
        ),
    ],
)
def test_a_fault_of_the_manifest_is_told(studio: Studio, old: str, new: str, told: str) -> None:
    studio.change(MANIFEST, old, new)
    assert [each for each in studio.problems() if each.startswith(told)]


def test_a_manifest_that_cannot_be_read_hides_no_other_exercise(studio: Studio) -> None:
    create(OTHER, stage=1, stages=studio.stages)
    studio.change(MANIFEST, "stage = 1", "stage = ")
    places = {finding.where.split("/")[1] for finding in studio.review()}
    assert places == {"01_find_the_middle", "02_another_one"}
    assert {finding.where.split("/")[1] for finding in studio.review(OTHER)} == {"02_another_one"}


def test_a_folder_without_a_manifest_is_told(studio: Studio) -> None:
    (studio.folder / MANIFEST).unlink()
    assert studio.problems() == ["There is no exercise.toml."]
    assert studio.draft().slug == SLUG


def test_rejects_an_unknown_exercise_and_says_which_may_be_meant(studio: Studio) -> None:
    with pytest.raises(NotFoundError, match="There is no exercise") as refused:
        studio.review(SLUG[:-1])
    assert SLUG not in str(refused.value)
    assert refused.value.next_step == f"Was '{SLUG}' meant? loop learn list shows all of them"


def test_a_circle_of_prerequisites_is_drawn(studio: Studio) -> None:
    third = "a-third"
    for slug, waits_for in ((OTHER, third), (third, SLUG)):
        folder = create(slug, stage=1, stages=studio.stages)
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        text = text.replace("prerequisites = []", f'prerequisites = ["{waits_for}"]')
        (folder / MANIFEST).write_text(text, encoding="utf-8")
    studio.change(MANIFEST, "prerequisites = []", f'prerequisites = ["{OTHER}"]')
    told = [each for each in studio.problems() if "circle" in each]
    assert f"Prerequisites form a circle: {SLUG} → {OTHER} → {third} → {SLUG}." in told


def test_a_prerequisite_that_comes_later_is_told(studio: Studio) -> None:
    create(OTHER, stage=2, stages=studio.stages)
    studio.change(MANIFEST, "prerequisites = []", f'prerequisites = ["{OTHER}"]')
    (told,) = [each for each in studio.problems() if "prerequisite" in each]
    assert told == (
        f"The prerequisite {OTHER} comes later in the course; number the folders in order."
    )


def test_two_exercises_of_one_name_are_told(studio: Studio) -> None:
    folder = create(OTHER, stage=2, stages=studio.stages)
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    (folder / MANIFEST).write_text(text.replace(OTHER, SLUG), encoding="utf-8")
    assert f"The slug {SLUG} is another exercise's already." in studio.problems()


@pytest.mark.parametrize(
    "line",
    [
        "return (ordered[lower] + ordered[upper]) / 2",
        "return (ordered[lower]+ordered[upper])/2",
        "upper, lower = len(ordered) // 2, (len(ordered) - 1) // 2",
    ],
)
def test_a_hint_that_gives_the_answer_away_is_told(studio: Studio, line: str) -> None:
    studio.change(MANIFEST, "Almost the answer", f"Just write `{line}`. Almost the answer")
    (told,) = studio.problems()
    assert told.startswith("hints: number 3 gives the answer away: it holds ")


def test_a_hint_may_say_what_the_starter_says(studio: Studio) -> None:
    line = "there = [number for number in numbers if number is not None]"
    studio.change("solution/answer.py", "    ordered", f"    {line}\n    ordered")
    studio.change(MANIFEST, "Almost the answer", f"After `{line}`: almost the answer")
    assert studio.problems() == []


def test_two_hints_that_say_the_same_are_told(studio: Studio) -> None:
    studio.change(MANIFEST, "hints = [", 'hints = [\n    "Look again.",\n    "Look again.",')
    (told,) = studio.problems()
    assert told == "hints: two are the same; each is to say more than the one before."


@pytest.mark.parametrize(
    "name", ["lesson.md", "check.py", "starter/answer.py", "solution/answer.py"]
)
def test_a_missing_file_is_told(studio: Studio, name: str) -> None:
    (studio.folder / name).unlink()
    assert f"There is no {name}." in studio.problems()


def test_what_is_not_finished_is_told_with_its_line(studio: Studio) -> None:
    studio.change("check.py", '"""\n', '"""\n# TO' + "DO: more cases\n")
    (found,) = studio.review()
    assert found.where == "1_foundations/01_find_the_middle/check.py:2"
    assert found.problem.startswith("It says 'TO" + "DO'")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`training/data/nothing.py` does it.", "There is no file training/data/nothing.py in"),
        ("`core.metrics.no_such_loss` does it.", "There is no core.metrics.no_such_loss in"),
        ("See [the way](way.md).", "The link leads to way.md, and there is no such file."),
        ("See ![the way](picture.svg).", "The link leads to picture.svg, and there is no such"),
        ("See [it](http://example.org).", "The link http://example.org is to begin with https://."),
        ("Type `loop learn chek`.", "No loop learn chek."),
        ("Type:\n\n    make nothing\n", "No make nothing."),
        ("Type:\n\n```\n$ loop nothing | jq .\n```\n", "No loop nothing."),
        ("Write here: the rest.", "This is still the template's instruction; write what it asks"),
    ],
)
def test_what_a_lesson_names_wrongly_is_told(studio: Studio, text: str, told: str) -> None:
    studio.add_to_lesson(text)
    (problem,) = studio.problems()
    assert problem.startswith(told)


@pytest.mark.parametrize(
    "text",
    [
        "`training/data/rules.py`, `core/metrics.py:12` and `docs/` are there.",
        "`core.metrics.brier_score`, `training.data` and `core.metrics` are there.",
        "`contracts/subscriptions.json` is a key of the data bucket.",
        "[Far away](https://example.org) and [near](exercise.toml).",
        "`loop = 3` is a program's line.",
    ],
)
def test_what_a_lesson_names_rightly_is_let_be(studio: Studio, text: str) -> None:
    studio.add_to_lesson(text)
    assert studio.problems() == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("# Find the middle", "# Something else", "The title is to be that of the manifest"),
        ("## The idea", "## Ideas", "There is no section '## The idea'."),
        ("## Read on", "", "There is no section '## Read on'."),
        ("## What to do", "## What to do\n\n## More", "The section '## What to do' is empty."),
        (f"loop learn check {SLUG}", "loop learn check", "It does not say 'loop learn check find"),
    ],
)
def test_a_lesson_without_its_parts_is_told(studio: Studio, old: str, new: str, told: str) -> None:
    studio.change("lesson.md", old, new)
    (problem,) = studio.problems()
    assert problem.startswith(told)


def test_sections_in_another_order_are_told(studio: Studio) -> None:
    studio.change("lesson.md", "## The idea", "## Where it lives\n\nHere.\n\n## The idea")
    assert studio.problems() == ["The section '## Where it lives' is to come after '## The idea'."]


def test_a_lesson_that_begins_with_its_idea_is_told(studio: Studio) -> None:
    text = (studio.folder / "lesson.md").read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    studio.write("lesson.md", f"{title}\n\n{rest[rest.index('## The idea') :]}")
    assert "It begins with an idea; begin with the problem, before the first '##'." in (
        studio.problems()
    )


@pytest.mark.parametrize(("words", "told"), [(2_500, "too long"), (0, "too short")])
def test_a_lesson_of_another_length_is_told(studio: Studio, words: int, told: str) -> None:
    if words:
        studio.add_to_lesson("word " * words)
    else:
        text = (studio.folder / "lesson.md").read_text(encoding="utf-8")
        studio.write("lesson.md", text.replace(SECTION, "Short."))
    (problem,) = studio.problems()
    assert told in problem


def test_a_written_exercise_needs_no_afterwards(tmp_path: Path) -> None:
    folder = create("write-it", stage=3, template="written", stages=tmp_path)
    text = (folder / "lesson.md").read_text(encoding="utf-8")
    (folder / "lesson.md").write_text(text.replace("## Afterwards, look", "### Look"))
    (draft,) = read_drafts(tmp_path)
    assert draft.exercise is not None
