import json
from pathlib import Path

import pytest

from cli.doctor import check_disk, check_lock, check_python
from tests.unit.cli.bench import Bench

LOCK = """\
alpha==1.0 \\
    --hash=sha256:00
beta==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
gamma==3.0 ; sys_platform == 'darwin' \\
    --hash=sha256:00
gamma==3.1 ; sys_platform != 'darwin' \\
    --hash=sha256:00
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "project.txt"
    path.write_text(LOCK)
    return path


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10, 9), "wrong"), ((3, 11, 0), "ok"), ((3, 13, 5), "ok"), ((3, 14, 0), "wrong")],
)
def test_python_is_judged_by_its_version(version: tuple[int, ...], verdict: str) -> None:
    assert check_python(version).verdict == verdict


def test_lock_is_in_step_when_markers_leave_packages_out(lock: Path) -> None:
    assert check_lock(lock, {"alpha": "1.0", "gamma": "3.1"}.get).verdict == "ok"


@pytest.mark.parametrize(
    ("installed", "said"),
    [
        ({"gamma": "3.1"}, "alpha missing instead of 1.0"),
        ({"alpha": "0.9", "gamma": "3.1"}, "alpha 0.9 instead of 1.0"),
        ({"alpha": "1.0", "gamma": "2.0"}, "gamma 2.0 instead of"),
    ],
)
def test_lock_names_the_package_that_differs(
    installed: dict[str, str], said: str, lock: Path
) -> None:
    finding = check_lock(lock, installed.get)

    assert finding.verdict == "wrong"
    assert finding.detail.startswith(said)
    assert finding.mend == "make setup"


def test_lock_is_wrong_when_it_is_missing(tmp_path: Path) -> None:
    assert check_lock(tmp_path / "none.txt").verdict == "wrong"


def test_disk_is_wrong_when_it_is_too_small(tmp_path: Path) -> None:
    assert check_disk(tmp_path / "not" / "made", needed_bytes=1).verdict == "ok"
    assert check_disk(tmp_path, needed_bytes=1 << 60).verdict == "wrong"


def test_doctor_finds_everything_in_order(bench: Bench) -> None:
    bench.cloud.is_running = True
    result = bench.loop("doctor", "--json")

    document = json.loads(result.stdout)
    by_check = {finding["check"]: finding for finding in document["findings"]}
    assert by_check["Python"]["verdict"] == "ok"
    assert by_check["stacks"]["verdict"] == "ok"
    assert by_check["not in the local cloud"]["detail"] == "Nothing of note."


def test_doctor_names_the_mend_when_a_stack_is_gone(bench: Bench) -> None:
    bench.cloud.is_running = True
    del bench.world.formation.stacks["closed-loop-dev-training"]
    result = bench.loop("doctor")

    assert result.exit_code == 1
    assert "make up" in result.stdout
