"""The exercises that there are: their manifests and files, and the six stages they belong to."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.closest import find_closest
from core.errors import IntegrityError, NotFoundError
from curriculum.checker.stages import STAGES, Stage

STAGES_FOLDER: Final = Path(__file__).parents[1] / "stages"
ACTS: Final = "act.py"

# "incident" is reserved: a fault that is injected, found and mended.
Mode = Literal["code", "infra", "live", "written"]
Part = Literal["clean", "candidate", "rule", "route", "alarm"]
SkillArea = Literal[
    "dataset",
    "features",
    "modelling",
    "evaluation",
    "confidence",
    "inference",
    "improvement cycle",
    "monitoring",
    "user feedback",
]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
Text = Annotated[str, Field(min_length=1)]
MlTest = Annotated[str, Field(pattern=r"^(Data|Model|Infra|Monitor) [1-7](: .+)?$")]


class Manifest(BaseModel):
    """What ``exercise.toml`` says.

    Attributes
    ----------
    slug
        The exercise's name for ever.
    component
        Begins with a word of its stage's component; then the parts of it, after a colon.
    mode
        `code` needs no deployed system; `infra` synthesises CDK code; `live` asks the deployed
        system; `written` reads a text.
    file
        What the learner edits, ``.py``, ``.md`` or ``.toml``; none when they act by commands.
    function
        The function in it that the check calls; none when a ``driver.py`` does.
    timeout_s
        How long the learner's code may take for all cases together, without its imports.
    skills
        Skill area to the level that a pass is evidence for.
    ml_test_score
        Which tests of the ML Test Score (Breck et al., 2017) a pass is evidence for: ``Data 1`` to
        ``Monitor 7``, each followed by a colon and words if wanted.
    covers
        Which entries of the list of what the curriculum covers.
    capstone
        Whether a pass stands for its whole stage.
    part
        Which part of the deployed system the learner's file replaces once it has passed.
    rubric
        Questions for self-review, shown after a pass of a `written` exercise.
    starter_fails
        Words that the starter's failure must hold: it fails for its stated reason.
    wrong_answers
        Name of a file in ``wrong/``, without its ending, to words that its message must hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: Slug
    title: Text
    stage: Annotated[int, Field(ge=1, le=6)]
    component: Text
    prerequisites: tuple[Slug, ...] = ()
    skills: dict[SkillArea, Annotated[int, Field(ge=1, le=5)]]
    ml_test_score: tuple[MlTest, ...] = ()
    covers: tuple[Slug, ...] = ()
    minutes: Annotated[int, Field(ge=1, le=600)]
    mode: Mode
    capstone: bool = False
    part: Part | None = None
    file: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*\.(py|md|toml)$")] | None = None
    function: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")] | None = None
    rubric: tuple[Text, ...] = ()
    timeout_s: Annotated[int, Field(ge=1, le=600)]
    hints: Annotated[tuple[Text, ...], Field(min_length=3)]
    starter_fails: Text
    wrong_answers: Annotated[dict[str, Text], Field(min_length=2)]

    @model_validator(mode="after")
    def _is_not_its_own_prerequisite(self) -> Self:
        if self.slug in self.prerequisites:
            raise ValueError("prerequisites must not name the exercise itself")
        return self

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> Self:
        if self.file is None and (self.function or self.part):
            raise ValueError("function and part need a file")
        if self.function and not str(self.file).endswith(".py"):
            raise ValueError("only a .py file has a function")
        if self.part and not str(self.file).endswith(".py"):
            raise ValueError("only a .py file can be a part of the deployed system")
        if self.rubric and self.mode != "written":
            raise ValueError("only written exercises have a rubric")
        return self


@dataclass(frozen=True, slots=True)
class Exercise:
    """A manifest and the folder it lies in."""

    manifest: Manifest
    folder: Path

    @property
    def lesson(self) -> Path:
        """The text to read first."""
        return self.folder / "lesson.md"

    @property
    def starter(self) -> Path | None:
        """What the learner begins with; None when they begin with nothing."""
        return self.folder / "starter" / self.manifest.file if self.manifest.file else None

    @property
    def solution(self) -> Path:
        """One right answer: a file, or ``act.py`` where the learner acts by commands."""
        return self.folder / "solution" / (self.manifest.file or ACTS)

    @property
    def driver(self) -> Path | None:
        """What works with the learner's module in its process instead of a plain call."""
        path = self.folder / "driver.py"
        return path if path.is_file() else None

    def wrong(self, name: str) -> Path:
        """Return the file of a wrong answer."""
        ending = Path(self.manifest.file or ACTS).suffix
        return self.folder / "wrong" / f"{name}{ending}"

    @property
    def check_file(self) -> Path:
        """The program that judges."""
        return self.folder / "check.py"

    def place_in(self, workspace: Path) -> Path | None:
        """Return where the learner's own file is; None when there is none to edit."""
        if self.manifest.file is None:
            return None
        return workspace / self.folder.parent.name / self.folder.name / self.manifest.file


def load_exercises(folder: Path | None = None) -> tuple[Exercise, ...]:
    """Read all exercises, in the order of their folders.

    Raises
    ------
    IntegrityError
        When a manifest is wrong: a fault of the curriculum, not of the learner.
    """
    return _load_all(folder or STAGES_FOLDER)


@cache
def _load_all(folder: Path) -> tuple[Exercise, ...]:
    found = sorted(folder.glob("[1-6]_*/[0-9][0-9]_*/exercise.toml"))
    return tuple(_load(path) for path in found)


def find_exercise(slug: str) -> Exercise:
    """Return the exercise of this slug; `NotFoundError` says which one may be meant."""
    exercises = {each.manifest.slug: each for each in load_exercises()}
    if slug not in exercises:
        raise no_exercise(slug, exercises)
    return exercises[slug]


def no_exercise(slug: str, known: Iterable[str]) -> NotFoundError:
    """Return the error that says which of the known exercises may be meant."""
    close = find_closest(slug, known)
    hint = f"Was {close!r} meant? " if close else ""
    return NotFoundError(
        f"There is no exercise {slug!r}.", next_step=f"{hint}loop learn list shows all of them"
    )


def _load(path: Path) -> Exercise:
    place = path.relative_to(path.parents[2])
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise IntegrityError(f"The exercise's manifest {place} is wrong: {error}") from error
    if not path.parents[1].name.startswith(f"{manifest.stage}_"):
        raise IntegrityError(f"{place} says stage {manifest.stage}, but lies in another one.")
    exercise = Exercise(manifest, path.parent)
    is_code = str(manifest.file).endswith(".py")
    if is_code and not manifest.function and not exercise.driver:
        raise IntegrityError(f"{place} names no function, and there is no driver.py beside it.")
    return exercise


__all__ = [
    "ACTS",
    "STAGES",
    "STAGES_FOLDER",
    "Exercise",
    "Manifest",
    "Mode",
    "Part",
    "SkillArea",
    "Stage",
    "find_exercise",
    "load_exercises",
]
