import sys
from pathlib import Path

import pytest

from cdk.local.environment import prepare_environment
from core.errors import UnavailableError


def prepare(folder: Path, lock_text: str = "") -> tuple[Path, list[str]]:
    lock_file = folder / "lock.txt"
    lock_file.write_text(lock_text)
    said: list[str] = []
    python = prepare_environment(
        folder / "venv", lock_file=lock_file, report=said.append, interpreter=sys.executable
    )
    return python, said


def test_prepares_once_when_nothing_changed(tmp_path: Path) -> None:
    python, said = prepare(tmp_path)
    assert python.exists()
    assert said == ["Installing the emulator from lock.txt"]
    assert prepare(tmp_path) == (python, [])


def test_prepares_again_when_the_lock_file_changed(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert prepare(tmp_path, "# other\n")[1]


def test_begins_again_when_it_was_interrupted(tmp_path: Path) -> None:
    (tmp_path / "venv.partial" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    python, said = prepare(tmp_path)
    assert said
    assert python.exists()
    assert not (tmp_path / "venv.partial").exists()


def test_rejects_a_lock_file_that_cannot_be_installed(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be installed"):
        prepare(tmp_path, "./absent-0.0-py3-none-any.whl --hash=sha256:00\n")
    assert not (tmp_path / "venv").exists()
