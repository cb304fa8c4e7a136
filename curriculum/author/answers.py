"""An exercise's answers: where they lie, how they are loaded, and a repository to act in."""

import importlib.util
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from core.errors import LoopError
from curriculum.checker.manifest import Exercise
from curriculum.checker.results import Result
from curriculum.checker.workspace import make_workspace

_WORKSPACE: Final = "LOOP_WORKSPACE"


def find_answer(exercise: Exercise, answer: str) -> Path:
    """Return the file of an answer: ``starter``, ``solution`` or ``wrong/NAME``."""
    if answer == "solution":
        return exercise.solution
    if answer == "starter":
        return exercise.starter or exercise.folder / "starter"
    return exercise.wrong(answer.partition("/")[2])


def missing(exercise: Exercise, file: Path) -> Result:
    """Return the result of an answer that is not there."""
    name = file.relative_to(exercise.folder).as_posix()
    return Result(slug=exercise.manifest.slug, status="error", message=f"there is no {name}")


def not_ready(exercise: Exercise, error: LoopError) -> Result:
    """Return the result of a check that lacks something."""
    return Result(
        slug=exercise.manifest.slug,
        status="not ready",
        message=str(error),
        next_step=error.next_step or "loop up",
    )


def load(file: Path) -> Any:  # noqa: ANN401 - an author's module
    """Import an author's file, anew each time."""
    spec = importlib.util.spec_from_file_location(f"author_{file.parent.name}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Any", module)


@contextmanager
def open_workspace() -> Iterator[Path]:
    """Make a learner's repository that `loop`, started meanwhile, takes for the learner's own."""
    before = os.environ.get(_WORKSPACE)
    with tempfile.TemporaryDirectory(prefix="loop-prove-") as folder:
        workspace = Path(folder) / "workspace"
        make_workspace(workspace)
        os.environ[_WORKSPACE] = str(workspace)
        try:
            yield workspace
        finally:
            os.environ.pop(_WORKSPACE)
            if before is not None:
                os.environ[_WORKSPACE] = before
