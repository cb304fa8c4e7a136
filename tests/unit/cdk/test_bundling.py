import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from cdk.bundling import (
    RECIPES,
    BundlingError,
    PackageName,
    Platform,
    Recipe,
    build,
    build_packages,
)
from cdk.config import read_config
from cdk.host import Host
from cdk.toolkit import tell
from core.errors import UnavailableError

ONE = {"control": Recipe(sources=("core",), handlers=("core.a",), dropped=("big/*",), limit_mib=1)}


class FakeUv:
    """Stands in for uv: writes a tiny distribution into the target, and counts."""

    def __init__(self) -> None:
        self.installs = 0
        self.online_only = False
        self.broken = False

    def __call__(
        self, command: Sequence[str], **_options: object
    ) -> subprocess.CompletedProcess[str]:
        if "--target" not in command:  # the compiler
            return REAL_RUN(command, capture_output=True, text=True, check=False)
        offline = "--offline" in command
        if self.broken or (self.online_only and offline):
            return subprocess.CompletedProcess(command, 1, "", "no route to the index")
        self.installs += 1
        folder = Path(command[list(command).index("--target") + 1])
        for name in ("thing/__init__.py", "thing/tests/test_thing.py", "big/data.py"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("ANSWER = 42\n")
        return subprocess.CompletedProcess(command, 0, "", "")


REAL_RUN = subprocess.run


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    fake = FakeUv()
    monkeypatch.setattr(subprocess, "run", fake)
    monkeypatch.setattr(build, "RECIPES", ONE)
    return fake


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "a.py").write_text("X = 1\n")
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "lambda-control.txt").write_text("thing==1\n")
    return tmp_path


def make(project: Path) -> build.Package:
    return build_packages(project, read_config({}, {}))["control"]


def names(package: build.Package) -> list[str]:
    with zipfile.ZipFile(package.path) as bundle:
        return bundle.namelist()


@pytest.mark.usefixtures("uv")
def test_package_holds_sources_dependencies_and_byte_code(project: Path) -> None:
    minor = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    assert sorted(names(make(project))) == [
        f"core/__pycache__/a.{minor}.pyc",
        "core/a.py",
        "lambdas/__init__.py",
        f"lambdas/__pycache__/__init__.{minor}.pyc",
        "locks/lambda-control.txt",
        "thing/__init__.py",
        f"thing/__pycache__/__init__.{minor}.pyc",
    ]


@pytest.mark.usefixtures("uv")
def test_byte_code_is_never_checked_against_times(project: Path) -> None:
    package = make(project)
    with zipfile.ZipFile(package.path) as bundle:
        compiled = [name for name in bundle.namelist() if name.endswith(".pyc")]
        for name in compiled:
            flags = int.from_bytes(bundle.read(name)[4:8], "little")
            assert flags == 0b01, name  # by hash, unchecked: PEP 552


def test_says_once_how_to_mend_it_when_nothing_can_make_byte_code(
    project: Path, uv: FakeUv, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(build, "find_interpreter", lambda _python: None)
        package = make(project)
    assert not [name for name in names(package) if name.endswith(".pyc")]
    said = [line for line in capsys.readouterr().err.splitlines() if "no byte code" in line]
    assert len(said) == 1
    assert "then run the same command again" in said[0]
    assert tell(said[0]) == said[0], "it must reach who deploys"
    compiled = make(project)  # now something can
    assert compiled.digest != package.digest
    assert [name for name in names(compiled) if name.endswith(".pyc")]
    assert uv.installs == 2
    assert "no byte code" not in capsys.readouterr().err


def test_nothing_is_built_again_when_nothing_changed(project: Path, uv: FakeUv) -> None:
    first = make(project)
    assert make(project) == first
    assert uv.installs == 1


def test_nothing_is_installed_again_when_a_source_changed(project: Path, uv: FakeUv) -> None:
    first = make(project)
    (project / "core" / "a.py").write_text("X = 2\n")
    second = make(project)
    assert second.digest != first.digest
    assert uv.installs == 1
    with zipfile.ZipFile(second.path) as bundle:
        assert bundle.read("core/a.py") == b"X = 2\n"


def test_dependencies_are_installed_again_when_the_lock_changed(project: Path, uv: FakeUv) -> None:
    first = make(project)
    (project / "locks" / "lambda-control.txt").write_text("thing==2\n")
    assert make(project).digest != first.digest
    assert uv.installs == 2


@pytest.mark.usefixtures("uv")
def test_equal_inputs_give_equal_bytes(project: Path) -> None:
    first = make(project).path
    body = first.read_bytes()
    for path in first.parent.iterdir():
        path.unlink()
    assert make(project).path.read_bytes() == body


def test_nothing_half_built_is_left_when_interrupted(
    project: Path, uv: FakeUv, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(build, "strip", stop)
        with pytest.raises(KeyboardInterrupt):
            make(project)
    assert list((project / ".loop" / "build").iterdir()) == []
    make(project)
    assert uv.installs == 2


def test_index_is_asked_when_the_cache_has_no_wheels(project: Path, uv: FakeUv) -> None:
    uv.online_only = True
    assert "thing/__init__.py" in names(make(project))


def test_says_why_when_wheels_cannot_be_had(project: Path, uv: FakeUv) -> None:
    uv.broken = True
    with pytest.raises(UnavailableError, match="no route to the index") as failure:
        make(project)
    assert failure.value.next_step


@pytest.mark.usefixtures("uv")
def test_rejects_a_package_above_its_limit(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "core" / "big.bin").write_bytes(b"x" * (1024 * 1024))
    with pytest.raises(BundlingError, match=r"Package control has 1\.0 MiB unzipped; 1 are"):
        make(project)
    assert "package control" in capsys.readouterr().err


@pytest.mark.usefixtures("uv")
def test_old_packages_are_forgotten_when_there_are_newer_ones(project: Path) -> None:
    packages = [make(project)]
    for value in (2, 3):
        (project / "core" / "a.py").write_text(f"X = {value}\n")
        packages.append(make(project))
    for age, package in enumerate(reversed(packages)):
        then = time.time() - build.UNUSED_AFTER_S - 60 * (age + 1)
        os.utime(package.path, (then, then))
    make(project)
    assert [package.path.exists() for package in packages] == [False, True, True]


@pytest.mark.usefixtures("uv")
def test_packages_in_use_are_kept_when_there_are_newer_ones(project: Path) -> None:
    packages = []
    for value in range(4):
        (project / "core" / "a.py").write_text(f"X = {value}\n")
        packages.append(make(project))
    assert all(package.path.exists() for package in packages)


@pytest.mark.usefixtures("uv")
def test_workspaces_of_killed_builds_are_removed(project: Path) -> None:
    left = make(project).path.parent / "building-x"
    left.mkdir()
    then = time.time() - build.UNUSED_AFTER_S - 60
    os.utime(left, (then, then))
    make(project)
    assert not left.exists()


@pytest.mark.usefixtures("uv")
def test_says_so_when_the_cache_cannot_be_written(project: Path) -> None:
    (project / ".loop").write_text("a file where the folder should be")
    with pytest.raises(UnavailableError, match="cannot be written"):
        make(project)


def test_wheels_are_lambdas_when_target_is_aws() -> None:
    host = Host(python="3.13", architecture="x86_64")
    config = read_config({"target": "aws", "architecture": "arm64"}, {}, host=host)
    platform = Platform.of(config)
    assert platform.wheels == "aarch64-manylinux_2_34"
    assert platform.label == "aws-aarch64-py313"


def test_wheels_are_lambdas_when_a_localstack_in_docker_runs_the_functions() -> None:
    host = Host(python="3.13", architecture="arm64")
    endpoint = {"LOOP_LOCALSTACK_ENDPOINT": "http://127.0.0.1:4566"}
    config = read_config({"target": "localstack"}, endpoint, host=host)
    assert Platform.of(config).wheels == "aarch64-manylinux_2_34"
    ours = read_config({"target": "localstack"}, {}, host=host)
    assert Platform.of(ours).wheels is None


@pytest.mark.parametrize("name", RECIPES)
def test_handlers_lie_in_the_packages_sources(name: PackageName) -> None:
    recipe = RECIPES[name]
    for handler in recipe.handlers:
        folder = handler.rpartition(".")[0].replace(".", "/")
        assert folder in recipe.sources
