from pathlib import Path

import pytest

from curriculum.checker import manifest
from curriculum.checker.manifest import Exercise
from tests.curriculum.courses import add_exercise
from tests.curriculum.learning import SLUG


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stages, empty so far, in the place of the real one."""
    folder = tmp_path / "stages"
    folder.mkdir()
    monkeypatch.setattr(manifest, "STAGES_FOLDER", folder)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def exercise(course: Path) -> Exercise:
    """The only exercise of a course."""
    return add_exercise(course, SLUG)
