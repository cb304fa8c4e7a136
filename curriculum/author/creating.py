"""Begins an exercise: a small one that works already, to be changed step by step into another."""

import re
from pathlib import Path
from typing import Final, Literal

from core.errors import ConflictError, InvalidInputError
from curriculum.author.drafts import read_drafts
from curriculum.checker.manifest import STAGES, STAGES_FOLDER

TEMPLATES: Final = Path(__file__).with_name("templates")
_ENDING: Final = ".txt"  # so that no tool takes a template for the project's own code

Template = Literal["code", "written", "live"]
# The component that a stage's exercises are mostly about.
_COMPONENTS: Final = dict(
    enumerate(
        ("storage", "training", "evaluation gate", "inference", "monitoring", "feedback"), start=1
    )
)


def create(
    slug: str,
    *,
    stage: int,
    title: str = "",
    template: Template = "code",
    stages: Path = STAGES_FOLDER,
) -> Path:
    """Make the folder of a new exercise at the end of its stage, and return it.

    What is in it can be proven as it is. `review` names every place that is still to be written.

    Raises
    ------
    InvalidInputError
        When the slug is none, or there is no such stage.
    ConflictError
        When another exercise has this slug.
    """
    if stage not in _COMPONENTS:
        raise InvalidInputError(f"There is no stage {stage}; there are 1 to {len(STAGES)}.")
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,47}", slug):
        raise InvalidInputError(
            "A slug is words of small letters and digits, with - between them.",
            next_step="loop author new split-that-stays --stage 1",
        )
    if slug in {draft.slug for draft in read_drafts(stages)}:
        raise ConflictError(
            f"There is an exercise {slug} already.", next_step=f"loop author check {slug}"
        )
    folder = _choose_folder(slug, stage, stages)
    words = {
        "slug": slug,
        "title": title or slug.replace("-", " ").capitalize(),
        "stage": str(stage),
        "component": _COMPONENTS[stage],
    }
    for source in (TEMPLATES / "lesson.md.txt", *sorted((TEMPLATES / template).rglob("*.txt"))):
        root = TEMPLATES if source.parent == TEMPLATES else TEMPLATES / template
        target = folder / source.relative_to(root).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_complete(source.read_text(encoding="utf-8"), words), encoding="utf-8")
    return folder


def _choose_folder(slug: str, stage: int, stages: Path) -> Path:
    stage_folder = stages / f"{stage}_{STAGES[stage - 1].title.lower()}"
    taken = [int(path.name[:2]) for path in stage_folder.glob("[0-9][0-9]_*")]
    number = max(taken, default=0) + 1
    return stage_folder / f"{number:02d}_{slug.replace('-', '_')}"


def _complete(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{{{name}}}}}", word)
    return text
