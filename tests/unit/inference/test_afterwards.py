"""Work after the answer, against the Extensions API of the local cloud: real HTTP on loopback."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cdk.local.mends.extensions import ExtensionsApi
from cdk.local.mends.worker import Call, FunctionError, FunctionProcess
from lambdas.inference.afterwards import Afterwards

ROOT = Path(__file__).parents[3]
WAIT_S = 10.0
FUNCTION = """
import os, pathlib, time
from functools import partial
from lambdas.inference.afterwards import Afterwards

AFTERWARDS = Afterwards.register()

def work(folder, name):
    print(f"works on {name}")
    while not (folder / "go").exists():
        time.sleep(0.002)
    (folder / name).write_text("done")

def handler(event, context):
    AFTERWARDS.do(partial(work, pathlib.Path(event["folder"]), event["name"]))
    try:
        return 1 / event["divisor"]
    finally:
        AFTERWARDS.end_call()
"""


@pytest.fixture
def api() -> Iterator[ExtensionsApi]:
    api = ExtensionsApi({"functionName": "f"})
    yield api
    api.close()


@pytest.fixture
def afterwards(api: ExtensionsApi) -> Afterwards:
    found = Afterwards.register({"AWS_LAMBDA_RUNTIME_API": api.address})
    assert found is not None
    assert api.await_idle(WAIT_S)
    return found


def test_work_is_done_when_the_call_has_ended_and_not_before(
    api: ExtensionsApi, afterwards: Afterwards
) -> None:
    done: list[str] = []
    for call in ("first", "second"):
        api.begin_call({"requestId": call})
        afterwards.do(lambda call=call: done.append(f"{call}, one"))  # type: ignore[misc]
        afterwards.do(lambda call=call: done.append(f"{call}, two"))  # type: ignore[misc]
        assert not api.await_idle(0.05)
        assert not any(call in one for one in done)
        afterwards.end_call()
        assert api.await_idle(WAIT_S)
    assert done == ["first, one", "first, two", "second, one", "second, two"]


def test_process_may_be_stopped_only_when_the_work_is_done(
    api: ExtensionsApi, afterwards: Afterwards
) -> None:
    go, done = threading.Event(), list[bool]()
    api.begin_call({})
    afterwards.do(lambda: done.append(go.wait(WAIT_S)))
    afterwards.end_call()
    assert not api.await_idle(0.05)
    go.set()
    assert api.await_idle(WAIT_S)
    assert done == [True]


def test_work_may_leave_work(api: ExtensionsApi, afterwards: Afterwards) -> None:
    done: list[str] = []
    api.begin_call({})
    afterwards.do(lambda: afterwards.do(lambda: done.append("late")))
    afterwards.end_call()
    assert api.await_idle(WAIT_S)
    assert done == ["late"]


def test_work_that_fails_holds_nothing_up_and_is_told_without_its_words(
    api: ExtensionsApi, afterwards: Afterwards, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("a customer's number")

    for _ in range(2):
        api.begin_call({})
        afterwards.do(fail)
        afterwards.do(lambda: done.append("next"))
        afterwards.end_call()
        assert api.await_idle(WAIT_S)
    assert done == ["next", "next"]
    assert [record.getMessage() for record in caplog.records] == [
        '{"event": "work after an answer failed", "why": "ValueError"}'
    ] * 2


def test_work_is_done_before_the_answer_once_there_is_no_after(
    api: ExtensionsApi, afterwards: Afterwards, caplog: pytest.LogCaptureFixture
) -> None:
    api.close()
    done: list[str] = []
    afterwards.do(lambda: done.append("after"))
    afterwards.end_call()
    while not caplog.records:  # the thread says so at its end
        threading.Event().wait(0.002)
    assert "captures are sent before the answers from now on" in caplog.text
    afterwards.do(lambda: done.append("before"))
    afterwards.end_call()
    assert done == ["after", "before"]


def test_connection_that_the_host_closes_between_calls_is_made_anew() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    begin, asked, closed = (threading.Semaphore(0) for _ in range(3))

    def answer(connection: socket.socket) -> None:
        with connection:
            is_next = b"event/next" in connection.recv(65536)
            if is_next:
                asked.release()
                begin.acquire()
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: me\r\nContent-Length: 2\r\n\r\n{}"
            )

    def accept() -> None:
        with suppress(OSError):
            while True:
                answer(listener.accept()[0])
                closed.release()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        afterwards = Afterwards.register({"AWS_LAMBDA_RUNTIME_API": host})
        assert afterwards is not None
        assert closed.acquire(timeout=WAIT_S)
        done: list[int] = []
        for call in range(3):
            assert asked.acquire(timeout=WAIT_S)
            begin.release()
            afterwards.do(lambda call=call: done.append(call))  # type: ignore[misc]
            assert closed.acquire(timeout=WAIT_S)
            afterwards.end_call()
        assert asked.acquire(timeout=WAIT_S)
        assert done == [0, 1, 2]
        listener.shutdown(socket.SHUT_RDWR)
    begin.release()
    afterwards.end_call()


def listen(answer: bytes) -> str:
    """Answer the first request with some bytes, and hang up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"


def refuse() -> str:
    return listen(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def name_nobody() -> str:
    return listen(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def garble() -> str:
    return listen(b"what?\r\n\r\n")


def lead_nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("find_host", [refuse, name_nobody, garble, lead_nowhere])
def test_function_does_without_a_host_that_does_not_take_it(
    find_host: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    assert Afterwards.register({"AWS_LAMBDA_RUNTIME_API": find_host()}) is None
    assert "captures are sent before the answers" in caplog.text


def test_host_without_the_api_is_nothing_to_warn_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert Afterwards.register({}) is None
    assert caplog.text == ""


def test_nobody_registers_once_calls_have_begun(api: ExtensionsApi) -> None:
    api.begin_call({})
    assert Afterwards.register({"AWS_LAMBDA_RUNTIME_API": api.address}) is None


@pytest.fixture
def function(tmp_path: Path) -> Iterator[FunctionProcess]:
    code = tmp_path / "code"
    code.mkdir()
    (code / "main.py").write_text(FUNCTION)
    for name in ("core", "lambdas"):
        (code / name).symlink_to(ROOT / name)
    environment = {
        "PATH": os.defpath,
        **{
            f"AWS_LAMBDA_{name}": "1"
            for name in ("FUNCTION_NAME", "FUNCTION_VERSION", "FUNCTION_MEMORY_SIZE",
                         "LOG_GROUP_NAME", "LOG_STREAM_NAME")
        },
    }  # fmt: skip
    process = FunctionProcess(
        handler="main.handler", code=code, environment=environment, scratch=tmp_path
    )
    yield process
    with suppress(ProcessLookupError):
        os.killpg(process.popen.pid, signal.SIGCONT)
    process.end()


def ask(folder: Path, name: str, *, divisor: int = 2, timeout_s: float = WAIT_S) -> Call:
    event = {"folder": str(folder), "name": name, "divisor": divisor}
    return Call(event, request_id=name, function_arn="arn", trace_id=None, timeout_s=timeout_s)


def test_answer_is_out_while_work_goes_on_and_a_frozen_process_has_none_left(
    function: FunctionProcess, tmp_path: Path
) -> None:
    """What Lambda does: answer, wait for the extension, stop the process, wake it for a call."""
    for name in ("first", "second"):
        (tmp_path / "go").unlink(missing_ok=True)
        assert function.call(ask(tmp_path, name)) == 0.5
        assert not (tmp_path / name).exists()
        (tmp_path / "go").touch()
        function.settle()
        os.killpg(function.popen.pid, signal.SIGSTOP)
        assert (tmp_path / name).read_text() == "done"
        os.killpg(function.popen.pid, signal.SIGCONT)
        assert function.take_log() == f"works on {name}"


def test_work_is_done_after_a_call_that_failed(function: FunctionProcess, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with pytest.raises(FunctionError, match="division by zero"):
        function.call(ask(tmp_path, "failed", divisor=0))
    function.settle()
    assert (tmp_path / "failed").read_text() == "done"
    assert function.call(ask(tmp_path, "next")) == 0.5


def test_function_is_ended_when_its_work_takes_longer_than_it_may(
    function: FunctionProcess, tmp_path: Path
) -> None:
    assert function.call(ask(tmp_path, "slow", timeout_s=0.3)) == 0.5
    function.settle()
    assert function.popen.poll() is not None
    assert "An extension took longer than the function may take" in function.take_log()
