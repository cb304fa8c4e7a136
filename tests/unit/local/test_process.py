import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk.local.process import DetachedProcess, only_one
from core.errors import UnavailableError

PROJECT = Path(__file__).resolve().parents[3]
PROGRAM = """
import signal, sys, time
from cdk.local.process import announce, detach
detach()
announce(int(sys.argv[-1]), port=1234)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(60)
"""


def launch(process: DetachedProcess, folder: Path, *words: str) -> None:
    process.launch(
        [sys.executable, "-c", PROGRAM, *words],
        environment={"PYTHONPATH": str(PROJECT)},
        log_file=folder / "log.txt",
    )
    deadline = time.monotonic() + 10
    while process.record() is None and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[DetachedProcess]:
    process = DetachedProcess(tmp_path / "process.json")
    yield process
    process.stop(patience_s=1)


def test_a_running_process_is_found_by_anybody(process: DetachedProcess, tmp_path: Path) -> None:
    launch(process, tmp_path)
    record = DetachedProcess(process.record_file).record()
    assert record is not None
    assert record.port == 1234
    assert abs(record.since - time.time()) < 10
    assert process.stop(patience_s=5)


def test_nothing_is_found_when_the_file_is_left_by_a_dead_process(
    process: DetachedProcess, tmp_path: Path
) -> None:
    launch(process, tmp_path)
    record = process.record()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    while process.is_running():
        time.sleep(0.02)
    assert process.record_file.exists()
    assert process.record() is None
    launch(process, tmp_path)
    assert process.stop(patience_s=5)


def test_another_process_is_never_ended_when_its_number_is_in_the_file(
    process: DetachedProcess,
) -> None:
    process.record_file.write_text(f'{{"pid": {os.getpid()}, "port": 1, "since": 0}}')
    assert not process.stop(patience_s=1)


def test_a_second_one_is_refused_while_the_first_runs(
    process: DetachedProcess, tmp_path: Path
) -> None:
    launch(process, tmp_path)
    with pytest.raises(UnavailableError):
        launch(process, tmp_path)
    assert process.stop(patience_s=5)


def test_forces_a_process_that_does_not_end_when_asked(
    process: DetachedProcess, tmp_path: Path
) -> None:
    launch(process, tmp_path, "stubborn")
    assert process.stop(patience_s=0.5)
    assert not process.is_running()


def test_stopping_nothing_says_so(process: DetachedProcess) -> None:
    assert not process.stop(patience_s=1)


def test_waits_and_then_says_that_another_command_is_at_it(tmp_path: Path) -> None:
    lock = tmp_path / "start.lock"
    with (
        only_one(lock, patience_s=1),
        pytest.raises(UnavailableError, match="Another command"),
        only_one(lock, patience_s=0.2),
    ):
        pytest.fail("two commands hold the lock")
    with only_one(lock, patience_s=1):
        assert lock.exists()
