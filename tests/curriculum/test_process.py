"""What learners' code may do to the process that runs it, and what stays standing."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curriculum.checker.process import BrokenError, Child, EndedError

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits this")


@pytest.fixture
def child() -> Iterator[Child]:
    with Child(memory_bytes=1024**3) as made:
        yield made


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "own" / "work.py"


def load(child: Child, file: Path, code: str, *, timeout_s: float = 5.0) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(code, encoding="utf-8")
    child.load(file, function="work", timeout_s=timeout_s)


def is_alive(pid: int) -> bool:
    ran = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    # A zombie has ended; its new parent has yet to collect it.
    return bool(ran.stdout.strip()) and not ran.stdout.strip().startswith("Z")


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def test_one_process_serves_many_calls_and_files(child: Child, write: Path) -> None:
    load(child, write, "import os\ndef work(x):\n    return x + 1, os.getpid()\n")
    (one, first), (two, second) = child.call([1], timeout_s=5), child.call([2], timeout_s=5)
    load(child, write, "import os\ndef work(x):\n    return x * 10, os.getpid()\n")
    three, third = child.call([3], timeout_s=5)
    assert (one, two, three) == (2, 3, 30)
    assert first == second == third


def test_what_lay_beside_another_file_is_forgotten(child: Child, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tools.py").write_text(f"NAME = {name!r}\n")
        code = "import tools\ndef work():\n    return tools.NAME\n"
        load(child, tmp_path / name / "work.py", code)
        assert child.call([], timeout_s=5) == name


def test_nothing_is_written_beside_the_learners_file(child: Child, write: Path) -> None:
    write.parent.mkdir()
    (write.parent / "tools.py").write_text("x = 1\n")
    load(child, write, "import tools\ndef work():\n    return tools.x\n")
    assert child.call([], timeout_s=5) == 1
    assert sorted(path.name for path in write.parent.iterdir()) == ["tools.py", "work.py"]


def test_arrays_and_frames_travel_both_ways(child: Child, write: Path) -> None:
    load(child, write, "def work(X, frame):\n    return X * 2, frame.assign(b=frame.a + 1)\n")
    X, frame = child.call([np.ones((2, 2)), pd.DataFrame({"a": [1, 2]})], timeout_s=10)
    assert np.array_equal(X, np.full((2, 2), 2.0))
    assert frame["b"].tolist() == [2, 3]


def test_a_driver_works_with_the_learners_module(child: Child, write: Path, tmp_path: Path) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text("def drive(learner, n):\n    return [learner.work(i) for i in range(n)]\n")
    write.parent.mkdir()
    write.write_text("def work(x):\n    return x * x\n")
    child.load(write, driver=driver, timeout_s=5)
    assert child.call([4], timeout_s=5) == [0, 1, 4, 9]


@pytest.mark.parametrize(
    ("code", "kind", "line"),
    [
        ("def work(\n", "SyntaxError", 1),
        ("import no_such_module\n", "ModuleNotFoundError", 1),
        ("raise SystemExit(3)\n", "SystemExit", 1),
        ("answer = 42\n", "AttributeError", None),
        ("work = 42\n", "AttributeError", None),
    ],
)
def test_a_file_that_cannot_be_loaded_names_its_line(
    child: Child, write: Path, code: str, kind: str, line: int | None
) -> None:
    with pytest.raises(BrokenError) as told:
        load(child, write, code)
    assert (told.value.kind, told.value.line) == (kind, line)


def test_a_file_that_is_no_utf8_is_broken_code(child: Child, write: Path) -> None:
    write.parent.mkdir()
    write.write_bytes(b"def work():\n    return '\xff'\n")
    with pytest.raises(BrokenError, match="utf-8") as told:
        child.load(write, function="work")
    assert told.value.kind == "SyntaxError"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return work()", "RecursionError"),
        ("return object()", "TypeError"),
        ("x = []; x.append(x); return x", "RecursionError"),
    ],
)
def test_a_call_that_breaks_leaves_the_process_standing(
    child: Child, write: Path, body: str, kind: str
) -> None:
    load(child, write, f"def work():\n    {body}\n")
    for _ in range(2):
        with pytest.raises(BrokenError) as told:
            child.call([], timeout_s=10)
        assert told.value.kind == kind


@on_linux
def test_a_memory_hog_gets_an_error_and_no_more(child: Child, write: Path) -> None:
    load(child, write, "def work(n):\n    return len(bytearray(n))\n")
    with pytest.raises(BrokenError) as told:
        child.call([3 * 1024**3], timeout_s=10)
    assert (told.value.kind, told.value.line) == ("MemoryError", 2)
    assert child.call([1000], timeout_s=5) == 1000


@pytest.mark.parametrize("body", ["import os; os._exit(1)", "import os; os.abort()"])
def test_a_process_that_ended_is_told_and_another_one_starts(
    child: Child, write: Path, body: str
) -> None:
    load(child, write, f"def work(x):\n    if x:\n        {body}\n    return 7\n")
    with pytest.raises(EndedError) as told:
        child.call([1], timeout_s=5)
    assert not told.value.timed_out
    child.load(write, function="work")
    assert child.call([0], timeout_s=5) == 7


@pytest.mark.parametrize("body", ["while True: pass", "import time; time.sleep(60)"])
def test_a_call_that_never_ends_is_ended(child: Child, write: Path, body: str) -> None:
    load(child, write, f"def work():\n    {body}\n")
    began = time.monotonic()
    with pytest.raises(EndedError) as told:
        child.call([], timeout_s=0.5)
    assert told.value.timed_out
    assert time.monotonic() - began < 10


def test_who_reads_standard_input_gets_its_end(child: Child, write: Path) -> None:
    load(child, write, "def work():\n    return input()\n")
    with pytest.raises(BrokenError) as told:
        child.call([], timeout_s=5)
    assert told.value.kind == "EOFError"


def test_a_process_that_stopped_itself_is_ended(child: Child, write: Path) -> None:
    load(child, write, "import os, signal\ndef work():\n    os.kill(os.getpid(), signal.SIGSTOP)\n")
    with pytest.raises(EndedError) as told:
        child.call([], timeout_s=0.5)
    assert told.value.timed_out


@pytest.mark.parametrize("apart", [False, pytest.param(True, marks=on_linux)])
def test_what_the_code_started_ends_with_it(
    child: Child,
    write: Path,
    apart: bool,  # noqa: FBT001
) -> None:
    code = (
        "import subprocess, sys\n"
        "def work():\n"
        "    code = 'import time; time.sleep(600)'\n"
        f"    started = subprocess.Popen([sys.executable, '-c', code], start_new_session={apart})\n"
        "    return started.pid\n"
    )
    load(child, write, code)
    pid = child.call([], timeout_s=5)
    assert is_alive(pid)
    child.close()
    assert wait_until_gone(pid)


def test_a_fork_answers_once(child: Child, write: Path) -> None:
    load(child, write, "import os\ndef work(x):\n    os.fork()\n    return x\n")
    assert [child.call([x], timeout_s=5) for x in (1, 2, 3)] == [1, 2, 3]


def test_a_gigabyte_of_print_costs_no_memory_and_is_cut(child: Child, write: Path) -> None:
    code = "def work(n):\n    for _ in range(n):\n        print('x' * 1_000_000)\n    return n\n"
    load(child, write, code)
    assert child.call([1_000], timeout_s=60) == 1_000
    child.close()
    assert child.printed == "x" * 2_000 + "…"


def test_what_is_printed_is_no_answer(child: Child, write: Path) -> None:
    code = "import os\ndef work():\n    print('one')\n    os.write(2, b'two')\n    return 3\n"
    load(child, write, code)
    assert child.call([], timeout_s=5) == 3
    child.close()
    assert child.printed in {"one\ntwo", "twoone"}


@pytest.mark.parametrize("rubbish", ["b'rubbish' * 20", "bytes(7) + b'x' + b'PK'"])
def test_rubbish_on_the_answer_pipe_is_no_answer(child: Child, write: Path, rubbish: str) -> None:
    code = (
        "import os\n"
        "def work():\n"
        "    for fd in range(3, 1024):\n"
        "        try:\n"
        f"            os.write(fd, {rubbish})\n"
        "        except OSError:\n"
        "            pass\n"
        "    return 1\n"
    )
    load(child, write, code)
    with pytest.raises(EndedError):
        child.call([], timeout_s=1)


def test_large_arguments_and_answers_arrive(child: Child, write: Path) -> None:
    load(child, write, "def work(x):\n    return x[::-1]\n")
    assert np.array_equal(child.call([np.arange(10**6)], timeout_s=10), np.arange(10**6)[::-1])


def test_nobody_waits_for_a_process_that_does_not_read(child: Child, write: Path) -> None:
    code = (
        "import os, signal, threading\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGSTOP)).start()\n"
        "def work(x):\n    return 1\n"
    )
    load(child, write, code)
    time.sleep(0.6)
    with pytest.raises(EndedError) as told:
        child.call([np.zeros(10**6)], timeout_s=0.5)
    assert told.value.timed_out


def test_the_code_sees_no_credentials_and_an_empty_home(
    child: Child, write: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("GITHUB_TOKEN", "a-secret")
    code = (
        "import os, pathlib\n"
        "def work():\n"
        "    home = pathlib.Path.home()\n"
        "    return list(os.environ.values()), str(home), [p.name for p in home.iterdir()]\n"
    )
    load(child, write, code)
    values, home, found = child.call([], timeout_s=5)
    assert "a-secret" not in values
    assert (home != str(Path.home()), found) == (True, [])
    child.close()
    assert not Path(home).exists()


def test_numbers_are_crunched_on_one_thread(child: Child, write: Path) -> None:
    load(child, write, "import os\ndef work(name):\n    return os.environ[name]\n")
    assert child.call(["OMP_NUM_THREADS"], timeout_s=5) == "1"


def test_nobody_answers_before_a_file_was_loaded() -> None:
    with pytest.raises(EndedError):
        Child().call([], timeout_s=1)
