import io
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk.local.mends.packages import PackageFolders
from cdk.local.mends.worker import Call, FunctionError, FunctionProcess

ENVIRONMENT = {
    "PATH": os.defpath,
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "s",
}
SOURCE = """
import os, subprocess, sys, time

def echo(event, context):
    print("seen by print")
    sys.stdout.write("seen by write\\n")
    os.write(1, b"seen by descriptor\\n")
    left = context.get_remaining_time_in_millis()
    return {"event": event, "id": context.aws_request_id, "left": left}

def fail(event, context):
    raise KeyError("lost")

def leave(event, context):
    sys.exit(7)

def sleep(event, context):
    time.sleep(60)

def unprintable(event, context):
    return {1, 2}

def large(event, context):
    return "x" * 7_000_000

def child(event, context):
    started = subprocess.Popen(["sleep", "600"])
    return started.pid

def world(event, context):
    try:
        import numpy
    except ImportError as error:
        return [str(error), sys.stdin.read(), sorted(os.environ)]
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code" / "app"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(SOURCE)
    return folder.parent


@pytest.fixture
def started(code: Path, tmp_path: Path) -> Iterator["Start"]:
    start = Start(code, tmp_path)
    yield start
    start.end_all()


class Start:
    def __init__(self, code: Path, scratch: Path) -> None:
        self._code = code
        self._scratch = scratch
        self._processes: list[FunctionProcess] = []

    def __call__(self, handler: str) -> FunctionProcess:
        process = FunctionProcess(
            handler=handler, code=self._code, environment=ENVIRONMENT, scratch=self._scratch
        )
        self._processes.append(process)
        return process

    def end_all(self) -> None:
        for process in self._processes:
            process.end()


def call(event: object = None, *, timeout_s: float = 30) -> Call:
    return Call(event, request_id="r-1", function_arn="arn", trace_id=None, timeout_s=timeout_s)


def gone(pid: int) -> bool:
    for _ in range(100):
        found = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if found.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.05)
    return False


def test_hands_event_and_context_to_the_handler(started: Start) -> None:
    answer = started("app.main.echo").call(call({"a": [1, None]}))
    assert isinstance(answer, dict)
    assert answer["event"] == {"a": [1, None]}
    assert answer["id"] == "r-1"
    assert 0 < answer["left"] <= 30_000


def test_collects_what_is_written_by_any_way(started: Start) -> None:
    function = started("app.main.echo")
    function.call(call())
    lines = sorted(function.take_log().splitlines())
    assert lines == ["seen by descriptor", "seen by print", "seen by write"]


def test_names_the_handlers_own_exception_and_stays_warm(started: Start) -> None:
    function = started("app.main.fail")
    for _ in range(2):
        with pytest.raises(FunctionError) as raised:
            function.call(call())
        assert raised.value.payload["errorType"] == "KeyError"
        assert raised.value.payload["errorMessage"] == "'lost'"
        assert "[ERROR] KeyError" in function.take_log()
    assert function.popen.poll() is None


@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        ("app.main.leave", "Runtime.ExitError", "Runtime exited with error: exit status 7"),
        ("app.main.unprintable", "Runtime.MarshalError", "Unable to marshal response"),
        ("app.main.large", "Function.ResponseSizeTooLarge", "Response payload size exceeded"),
    ],
)
def test_rejects_an_answer_as_lambda_does(
    started: Start, handler: str, error_type: str, message: str
) -> None:
    with pytest.raises(FunctionError) as raised:
        started(handler).call(call())
    assert raised.value.payload["errorType"] == error_type
    assert raised.value.payload["errorMessage"].startswith(message)


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        ("app.absent.echo", "Runtime.ImportModuleError"),
        ("app.main.absent", "Runtime.HandlerNotFound"),
    ],
)
def test_rejects_a_handler_that_cannot_be_loaded(
    started: Start, handler: str, error_type: str
) -> None:
    with pytest.raises(FunctionError) as raised:
        started(handler)
    assert raised.value.payload["errorType"] == error_type
    assert error_type in raised.value.log


def test_ends_the_process_when_the_handler_takes_too_long(started: Start) -> None:
    function = started("app.main.sleep")
    with pytest.raises(FunctionError) as raised:
        function.call(call(timeout_s=0.3))
    assert raised.value.payload["errorType"] == "Sandbox.Timedout"
    assert raised.value.payload["errorMessage"] == "Task timed out after 0.30 seconds"
    assert function.popen.poll() is not None


def test_sees_neither_the_projects_packages_nor_its_environment(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "s3cret")
    answer = started("app.main.world").call(call())
    assert isinstance(answer, list)
    assert answer[:2] == ["No module named 'numpy'", ""]
    assert "SECRET_OF_THE_HOST" not in answer[2]


def test_ends_with_its_children_when_the_emulator_is_gone(started: Start) -> None:
    function = started("app.main.child")
    child = function.call(call())
    assert isinstance(child, int)
    os.kill(child, 0)
    assert function.popen.stdin is not None
    function.popen.stdin.close()
    assert gone(child)
    assert gone(function.popen.pid)


def package(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"folder/{name}", text)
    return buffer.getvalue()


def test_unpacks_a_package_once(tmp_path: Path) -> None:
    packages = PackageFolders(tmp_path / "functions")
    folder = packages.folder(package(a="1"), digest="d1")
    assert packages.folder(b"not even read", digest="d1") == folder
    assert (folder / "folder" / "a").read_text() == "1"


def test_an_interrupted_unpacking_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "functions" / "d1.partial").mkdir(parents=True)
    (tmp_path / "functions" / "d1.partial" / "half").write_text("")
    folder = PackageFolders(tmp_path / "functions").folder(package(a="1"), digest="d1")
    assert sorted(path.name for path in folder.iterdir()) == ["folder"]


def test_removes_packages_that_no_function_has(tmp_path: Path) -> None:
    packages = PackageFolders(tmp_path / "functions")
    for digest in ("d1", "d2"):
        packages.folder(package(a=digest), digest=digest)
    packages.keep_only({"d2"})
    assert [path.name for path in (tmp_path / "functions").iterdir()] == ["d2"]


def test_keeps_programs_executable(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, mode in (("tool", 0o755), ("data", 0o644)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "")
    folder = PackageFolders(tmp_path / "functions").folder(buffer.getvalue(), digest="d1")
    assert os.access(folder / "tool", os.X_OK)
    assert not (folder / "data").stat().st_mode & 0o111
