"""A stage folder of an author's own, with one exercise in it that is in order."""

from collections.abc import Sequence
from pathlib import Path

from curriculum.author import Draft, Finding, create, read_drafts, review
from curriculum.author.proof import ExerciseProof
from curriculum.author.proving import prove_exercise

SLUG = "find-the-middle"
SEEDS = 4
KNOWN = {("loop", "learn", "check"), ("loop", "author", "check")}
SECTION = "What is said here is said in whole sentences, one after the other. " * 14


class Studio:
    """What an author works in."""

    def __init__(self, stages: Path) -> None:
        self.stages = stages
        self.folder = create(SLUG, stage=1, stages=stages)
        text = (self.folder / "lesson.md").read_text(encoding="utf-8")
        lines = (SECTION if "Write here:" in line else line for line in text.splitlines())
        self.write("lesson.md", "\n".join(lines))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def add_to_lesson(self, text: str) -> None:
        self.change("lesson.md", "## Where it lives\n", f"## Where it lives\n\n{text}\n")

    def review(self, *slugs: str) -> list[Finding]:
        return review(slugs, explain_command=explain, stages=self.stages)

    def problems(self) -> list[str]:
        return [finding.problem for finding in self.review()]

    def draft(self) -> Draft:
        return next(draft for draft in read_drafts(self.stages) if draft.folder == self.folder)

    def prove(self, seeds: int = SEEDS) -> ExerciseProof:
        exercise = self.draft().exercise
        assert exercise is not None
        return prove_exercise(exercise, seeds=seeds)


def explain(words: Sequence[str]) -> str | None:
    """Know two commands alone."""
    return None if tuple(words[:3]) in KNOWN else f"No {' '.join(words)}."
