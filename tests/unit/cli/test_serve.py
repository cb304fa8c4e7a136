import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from cdk.local.hosted import answers
from cdk.local.ports import LOOPBACK, bind_loopback
from cli import serve as module
from tests.fixtures.bundles import make_champion, make_contract
from tests.fixtures.servers import write_bundle
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import Interrupting, World


class FakeServer:
    """A process that ends at once, and remembers how it was started."""

    command: list[str]
    environment: dict[str, str]
    code = 0

    def __init__(self, command: list[str], *, env: dict[str, str], stdin: int) -> None:
        assert stdin == subprocess.PIPE  # which ends with this process
        type(self).command, type(self).environment = command, env

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def wait(self) -> int:
        return self.code


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[FakeServer]:
    class ThisServer(FakeServer): ...

    monkeypatch.setattr(subprocess, "Popen", ThisServer)
    return ThisServer


def test_server_gets_the_deployed_bucket(loop: Loop, server: type[FakeServer]) -> None:
    result = loop("serve", "--port", "0")

    assert result.exit_code == 0
    assert server.command[1:] == [
        "-m", "lambdas.inference.server", "--host", "127.0.0.1", "--port", "0",
        "--attended",
    ]  # fmt: skip
    assert (server.environment["BUCKET"], server.environment["STAGE"]) == ("data", "dev")


def test_server_gets_the_named_model(loop: Loop, world: World, server: type[FakeServer]) -> None:
    make_champion(world.memory, make_contract())

    assert loop("serve", "--model", "subscriptions").exit_code == 0
    assert server.command[-3:-1] == ["--model", "subscriptions"]


def test_server_gets_a_folder_without_a_system(
    loop: Loop, world: World, server: type[FakeServer], tmp_path: Path
) -> None:
    world.running = RuntimeError("nobody shall ask")

    assert loop("serve", "--bundle", str(tmp_path)).exit_code == 0
    assert server.command[-3:-1] == ["--bundle", str(tmp_path)]


@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (-2, 0), (-15, 0), (5, 5)])
def test_exit_code_is_the_servers_own(
    loop: Loop, server: type[FakeServer], code: int, exit_code: int
) -> None:
    server.code = code

    assert loop("serve").exit_code == exit_code


def test_rejects_model_of_a_folder(loop: Loop, tmp_path: Path) -> None:
    result = loop("serve", "--bundle", str(tmp_path), "--model", "subscriptions")

    assert result.exit_code == 2
    assert "one model" in result.stderr


def test_rejects_an_unknown_model(loop: Loop) -> None:
    result = loop("serve", "--model", "nothing")

    assert result.exit_code == 3
    assert "no model nothing" in result.stderr


def test_an_interrupt_of_this_process_alone_leaves_no_server_at_work(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Interrupting(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "MODULE", program.name)
    assert loop("serve").exit_code == 0
    assert not program.is_at_work()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_server_ends_with_the_command_however_that_ends(
    tmp_path: Path, number: signal.Signals
) -> None:
    with start(tmp_path) as (process, port):
        await_answer(process, port)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)  # until the server, too, has ended
    assert said == ""


def test_the_server_serves_though_nobody_reads_its_address(tmp_path: Path) -> None:
    with start(tmp_path) as (process, port):
        assert process.stdout
        process.stdout.close()
        await_answer(process, port)
        process.terminate()
        assert process.stderr
        assert process.stderr.read() == ""


@contextmanager
def start(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Begin the command on a bundle and a free port."""
    write_bundle(make_contract(), folder)
    with bind_loopback(()) as free:
        port = free.getsockname()[1]
    # As from a terminal, whoever runs the tests: nohup, for one, has SIGHUP ignored.
    command = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL);"
        " from cli.main import main; main(['serve', *sys.argv[1:]])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command, "--bundle", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process, port


def await_answer(process: "subprocess.Popen[str]", port: int) -> None:
    while not answers(LOOPBACK, port, "/ping"):
        assert process.poll() is None
        time.sleep(0.05)
