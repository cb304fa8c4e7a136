"""A proof finds every way in which an exercise does not do what its manifest says."""

from pathlib import Path

import pytest

from curriculum.author import Template, create, prove, read_drafts
from curriculum.author.proof import Expected
from curriculum.author.proving import prove_exercise
from curriculum.checker.manifest import Exercise
from curriculum.checker.results import Result
from tests.curriculum.author.studio import SEEDS, Studio

PARTS = ["starter", "wrong/unordered", "wrong/missing_as_zero", "solution"]


def only_problem(studio: Studio, answer: str) -> str:
    """Return what is wrong with an answer, and see that nothing else is."""
    proof = studio.prove()
    assert proof.verdict == "wrong"
    told = {each.answer: each.problem for each in proof.answers}
    assert [name for name, problem in told.items() if problem] == [answer]
    return told[answer]


def test_a_new_exercise_is_proven_as_it_is(studio: Studio) -> None:
    proof = studio.prove()
    assert (proof.verdict, proof.problem) == ("proven", "")
    assert [each.answer for each in proof.answers] == PARTS
    assert {each.seeds for each in proof.answers} == {SEEDS}


def test_a_starter_that_passes_is_told(studio: Studio) -> None:
    right = (studio.folder / "solution/answer.py").read_text(encoding="utf-8")
    studio.write("starter/answer.py", right)
    told = only_problem(studio, "starter")
    assert told.startswith("It must fail, and the check said 'PASS find-the-middle")


def test_a_starter_that_fails_for_another_reason_is_told(studio: Studio) -> None:
    studio.change("exercise.toml", "the middle of the numbers", "the mean of the numbers")
    told = only_problem(studio, "starter")
    assert told.startswith("Its message does not hold 'the mean of the numbers that are there'")


def test_a_starter_that_breaks_is_told(studio: Studio) -> None:
    studio.write("starter/answer.py", "def middle(numbers):\n    return numbers.middle\n")
    told = only_problem(studio, "starter")
    assert "AttributeError" in told
    assert "answer.py, line 2" in told


def test_a_solution_that_fails_is_told(studio: Studio) -> None:
    studio.change("solution/answer.py", "sorted(", "list(")
    assert only_problem(studio, "solution").startswith("It must pass, and the check said 'FAIL")


def test_a_wrong_answer_that_passes_is_told(studio: Studio) -> None:
    right = (studio.folder / "solution/answer.py").read_text(encoding="utf-8")
    studio.write("wrong/unordered.py", right)
    assert only_problem(studio, "wrong/unordered").startswith("It must fail, and the check said")


def test_a_wrong_answer_with_the_message_of_another_is_told(studio: Studio) -> None:
    other = (studio.folder / "wrong/unordered.py").read_text(encoding="utf-8")
    studio.write("wrong/missing_as_zero.py", other)
    told = only_problem(studio, "wrong/missing_as_zero")
    assert told.startswith("Its message does not hold 'Missing is not zero'")


def test_what_lies_beside_the_starter_lies_beside_every_answer(studio: Studio) -> None:
    studio.write("starter/parts.py", "def halve(number):\n    return number / 2\n")
    studio.change("solution/answer.py", '"""\n', '"""\nfrom parts import halve\n')
    studio.change(
        "solution/answer.py",
        "(ordered[lower] + ordered[upper]) / 2",
        "halve(ordered[lower] + ordered[upper])",
    )
    assert studio.prove().verdict == "proven"


def test_a_missing_answer_is_told(studio: Studio) -> None:
    (studio.folder / "wrong/unordered.py").unlink()
    assert "there is no wrong/unordered.py" in only_problem(studio, "wrong/unordered")


def test_a_check_that_depends_on_luck_is_a_flake_and_its_seeds_are_named(studio: Studio) -> None:
    # With an even seed the half of the numbers that is in order is all of them.
    old = "plain[: len(plain) // 2]) + plain[len(plain) // 2 :]"
    new = (
        "plain[: len(plain) // (1 + bench.seed % 2)]) + plain[len(plain) // (1 + bench.seed % 2) :]"
    )
    studio.change("check.py", old, new)
    (flake,) = [each for each in studio.prove().answers if each.verdict != "proven"]
    assert (flake.answer, flake.verdict) == ("wrong/unordered", "flaky")
    assert flake.problem.endswith("This was so with seed 0, 2, and not with others: a flake.")


def test_a_check_that_does_not_repeat_itself_is_told(studio: Studio) -> None:
    studio.change("check.py", "random.Random(bench.seed)", "random.Random()")
    proof = studio.prove()
    assert (proof.verdict, proof.answers) == ("wrong", ())
    assert proof.problem.startswith("prepare() makes other cases from the same seed")


@pytest.mark.parametrize("function", ["prepare", "judge"])
def test_a_check_that_breaks_is_told_with_its_line(studio: Studio, function: str) -> None:
    text = (studio.folder / "check.py").read_text(encoding="utf-8")
    place = text.index('"""\n', text.index(f"def {function}")) + 4
    studio.write("check.py", f"{text[:place]}    raise KeyError('lost')\n{text[place:]}")
    proof = studio.prove()
    assert proof.verdict == "wrong"
    assert proof.problem.startswith("check.py, line ")
    assert proof.problem.endswith("broke: KeyError: 'lost'")


def test_a_code_exercise_that_asks_for_the_system_is_not_proven(studio: Studio) -> None:
    studio.change("check.py", "chance =", "bench.live.loop('data', 'list')\n    chance =")
    proof = studio.prove()
    assert proof.verdict == "not proven here"
    assert {each.next_step for each in proof.answers} == {"loop up"}


def test_a_text_is_proven_with_the_numbers_of_the_own_runs(tmp_path: Path) -> None:
    proof = prove_exercise(make(tmp_path, "written"), seeds=2)
    assert proof.verdict == "proven", proof
    assert [each.answer for each in proof.answers][-1] == "solution"


def test_deeds_on_a_system_are_not_proven_without_one(tmp_path: Path) -> None:
    proof = prove_exercise(make(tmp_path, "live"), seeds=2)
    assert proof.verdict == "not proven here"
    assert {each.next_step for each in proof.answers} == {"loop up"}


def test_a_file_whose_system_was_not_asked_is_not_proven(studio: Studio) -> None:
    text = (studio.folder / "check.py").read_text(encoding="utf-8")
    studio.write("check.py", f"{text}\n\ndef probe(bench):\n    return None\n")
    proof = studio.prove()
    assert proof.verdict == "not proven here"
    (solution,) = [each for each in proof.answers if each.verdict != "proven"]
    assert solution.answer == "solution"
    assert "loop author prove --live" in solution.next_step
    # What the file does is judged with every seed all the same.
    assert {each.seeds for each in proof.answers} == {SEEDS}


def test_a_flake_of_a_file_is_told_though_its_system_was_not_asked() -> None:
    expected = Expected("solution", "pass")
    behaves = Result(slug="sums", status="not ready", message="not asked", file_passed=True)
    expected.take(behaves, 0, 0.1)
    assert not expected.is_settled
    expected.take(Result(slug="sums", status="error", message="your code broke"), 1, 0.1)
    proof = expected.conclude()
    assert (proof.verdict, proof.seeds) == ("flaky", 2)


def test_exercises_are_proven_side_by_side(tmp_path: Path) -> None:
    for slug in ("the-first", "the-second"):
        create(slug, stage=1, stages=tmp_path)
    exercises = [draft.exercise for draft in read_drafts(tmp_path) if draft.exercise]
    proofs = list(prove(exercises, seeds=2, processes=2))
    assert {each.slug: each.verdict for each in proofs} == {
        "the-first": "proven",
        "the-second": "proven",
    }


def test_a_check_that_ends_its_process_is_told(tmp_path: Path) -> None:
    for slug in ("the-first", "the-second"):
        folder = create(slug, stage=1, stages=tmp_path)
        (folder / "check.py").write_text("import os\nos._exit(1)\n", encoding="utf-8")
    exercises = [draft.exercise for draft in read_drafts(tmp_path) if draft.exercise]
    proofs = list(prove(exercises, seeds=1, processes=2))
    assert [each.verdict for each in proofs] == ["wrong", "wrong"]
    assert all("ended the process" in each.problem for each in proofs)


def make(stages: Path, template: Template) -> Exercise:
    create(
        "try-it", stage=1, template="written" if template == "written" else "live", stages=stages
    )
    (draft,) = read_drafts(stages)
    assert draft.exercise is not None
    return draft.exercise
