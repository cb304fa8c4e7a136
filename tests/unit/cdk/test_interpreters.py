import sys
from pathlib import Path

import pytest
import uv

from cdk.interpreters import find_interpreter

OTHER = "3.13" if sys.version_info[:2] == (3, 12) else "3.12"
TAG = f"cpython-{OTHER.replace('.', '')}"


@pytest.fixture
def search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two empty folders, which are the whole search path; nothing is beside this Python."""
    put_uv(tmp_path / "uv", "exit 2", monkeypatch)
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("PATH", ":".join(map(str, folders)))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "versions" / "ours"))
    return folders


def put_uv(path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(uv, "find_uv_bin", lambda: str(path))


def put_interpreter(folder: Path, script: str) -> str:
    path = folder / f"python{OTHER}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.usefixtures("search_path")
def test_this_interpreter_is_taken_when_the_version_is_its_own() -> None:
    assert find_interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}") == sys.executable


@pytest.mark.usefixtures("search_path")
def test_none_is_found_when_the_machine_has_none() -> None:
    assert find_interpreter(OTHER) is None


@pytest.mark.parametrize(
    "script",
    [
        "echo 'command not found' >&2; exit 127",
        "echo cpython-310 final",
        f"echo {TAG} candidate",
        "echo pypy39 final",
    ],
    ids=["stand-in", "other version", "preview", "other implementation"],
)
def test_next_one_is_taken_when_the_first_cannot_compile(
    script: str, search_path: list[Path]
) -> None:
    put_interpreter(search_path[0], script)
    assert find_interpreter(OTHER) is None
    good = put_interpreter(search_path[1], f"echo {TAG} final")
    assert find_interpreter(OTHER) == good


def test_first_one_is_taken_when_two_work(search_path: list[Path]) -> None:
    first, _ = (put_interpreter(folder, f"echo {TAG} final") for folder in search_path)
    assert find_interpreter(OTHER) == first


def test_one_that_cannot_be_started_is_passed_over(search_path: list[Path]) -> None:
    put_interpreter(search_path[0], "")
    (search_path[0] / f"python{OTHER}").write_text("#!/nowhere/at-all\n")
    assert find_interpreter(OTHER) is None


@pytest.mark.usefixtures("search_path")
def test_one_beside_this_python_is_taken_when_the_search_path_has_none(tmp_path: Path) -> None:
    good = put_interpreter(tmp_path / "versions" / f"{OTHER}.1" / "bin", f"echo {TAG} final")
    assert find_interpreter(OTHER) == good


@pytest.mark.usefixtures("search_path")
def test_one_of_uv_is_taken_when_nothing_else_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = put_interpreter(tmp_path / "managed", f"echo {TAG} final")
    put_uv(tmp_path / "uv", f"echo {good}", monkeypatch)
    assert find_interpreter(OTHER) == good
