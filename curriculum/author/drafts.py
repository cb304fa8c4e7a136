"""Exercises as an author has them: read one by one, so that a wrong manifest hides no other."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from curriculum.author.findings import Finding
from curriculum.checker.manifest import STAGES_FOLDER, Exercise, Manifest


@dataclass(frozen=True, slots=True)
class Draft:
    """A folder that is to be an exercise.

    Attributes
    ----------
    exercise
        None when its manifest cannot be used; `findings` then say why.
    """

    folder: Path
    exercise: Exercise | None
    findings: tuple[Finding, ...]

    @property
    def slug(self) -> str:
        """What its manifest, or else its folder, calls it."""
        if self.exercise:
            return self.exercise.manifest.slug
        return slug_of(self.folder)


def read_drafts(stages: Path = STAGES_FOLDER) -> tuple[Draft, ...]:
    """Read every exercise's folder, in their order."""
    folders = sorted(path for path in stages.glob("[1-6]_*/[0-9][0-9]_*") if path.is_dir())
    return tuple(_read(folder) for folder in folders)


def slug_of(folder: Path) -> str:
    """Return the slug that a folder's name promises: ``01_read_a_file`` → ``read-a-file``."""
    return folder.name.partition("_")[2].replace("_", "-")


def place(path: Path) -> str:
    """Return a file's path from the stage on, as findings name it."""
    parts = path.parts
    stage = next((i for i, part in enumerate(parts) if part[:2] in _STAGE_STARTS), len(parts) - 1)
    return "/".join(parts[stage:])


_STAGE_STARTS = {f"{number}_" for number in range(1, 7)}


def _read(folder: Path) -> Draft:
    path = folder / "exercise.toml"
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _unusable(folder, "There is no exercise.toml.")
    except tomllib.TOMLDecodeError as error:
        return _unusable(folder, f"This is no TOML: {error}.")
    except ValidationError as error:
        return _unusable(folder, *(_explain(each) for each in error.errors()))
    return Draft(folder, Exercise(manifest, folder), ())


def _unusable(folder: Path, *problems: str) -> Draft:
    where = place(folder / "exercise.toml")
    return Draft(folder, None, tuple(Finding(where=where, problem=text) for text in problems))


def _explain(error: object) -> str:
    # What pydantic gives: the field's path and a message.
    details = dict(error) if isinstance(error, dict) else {}
    field = ".".join(map(str, details.get("loc", ()))) or "the manifest"
    return f"{field}: {details.get('msg', 'is wrong')}."
