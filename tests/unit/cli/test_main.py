import errno
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from cli.home import project_root
from cli.session import explain
from core.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    LoopError,
    NotFoundError,
    UnavailableError,
)
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World

PYPROJECT = project_root() / "pyproject.toml"
NOTHING_RUNS = UnavailableError("Nothing is running.", next_step="make up")


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("models",),
        ("models", "subscriptions"),
        ("promote", "1"),
        ("rollback",),
        ("split", "--challenger", "0.1"),
        ("shadow", "2"),
        ("experiment",),
        ("predict",),
        ("feedback", "0" * 32, "yes"),
        ("train",),
        ("traffic",),
        ("alarms",),
        ("logs",),
        ("data", "list"),
        ("data", "use", "subscriptions"),
        ("data", "add", "wine"),
    ],
)
def test_command_names_make_up_when_nothing_runs(
    arguments: tuple[str, ...], loop: Loop, world: World
) -> None:
    world.running = NOTHING_RUNS
    result = loop(*arguments)

    assert result.exit_code == 6
    assert "Stopped: Nothing is running.\nNext: make up\n" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "kind",
    [LoopError, InvalidInputError, NotFoundError, ConflictError, IntegrityError, UnavailableError],
)
def test_exit_code_is_the_errors_own(kind: type[LoopError], loop: Loop, world: World) -> None:
    world.running = kind("what", next_step="next")
    assert loop("status").exit_code == kind.exit_code


def test_error_is_one_json_document_when_asked_for(loop: Loop, world: World) -> None:
    world.running = NOTHING_RUNS
    result = loop("status", "--json")

    assert json.loads(result.stdout) == {"error": "Nothing is running.", "next_step": "make up"}


@pytest.mark.parametrize("arguments", [("--debug", "status"), ("status", "--debug")])
def test_traceback_is_shown_when_debugging(
    arguments: tuple[str, ...], loop: Loop, world: World
) -> None:
    world.running = NOTHING_RUNS
    assert "Traceback" in loop(*arguments).stderr
    assert "Traceback" not in loop("status").stderr


def test_unknown_error_is_told_without_its_text(loop: Loop, world: World) -> None:
    world.running = RuntimeError("the cell held 4111-1111")
    result = loop("status")

    assert result.exit_code == 1
    assert "RuntimeError" in result.stderr
    assert "4111" not in result.stderr
    assert "--debug" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("traffic",), "Interrupted."),
        (("batch", "s3://data/raw/a.csv"), "Interrupted. Run the same command again to go on."),
    ],
)
def test_interrupt_ends_with_130_and_one_line(
    loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    def interrupt(**_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(world, "connect", interrupt)
    result = loop(*arguments)

    assert result.exit_code == 130
    assert result.stderr == f"{told}\n"


def test_interrupt_while_the_command_loads_ends_with_130_and_one_line() -> None:
    module, function = tomllib.loads(PYPROJECT.read_text())["project"]["scripts"]["loop"].split(":")
    script = f"""
import signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from {module} import {function}
{function}()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "Interrupted.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk at hand")
def test_an_error_is_told_when_its_document_goes_to_a_full_disk(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from cli.entry import main; main()", "status", "--json"],
            env={**os.environ, "LOOP_HOME": str(tmp_path)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 6
    assert done.stderr.endswith("is stopped.\nNext: make up\n")
    assert len(done.stderr.splitlines()) == 2


def test_rejects_an_unknown_command(loop: Loop) -> None:
    result = loop("dance")

    assert result.exit_code == 2
    assert "No such command" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("group", [(), ("data",), ("export",), ("learn",), ("author",)])
def test_a_list_of_commands_is_not_cut_in_80_columns(
    loop: Loop, group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, commands = loop(*group, "--help").stdout.split("Commands:")
    assert "..." not in commands


def test_version_is_printed(loop: Loop) -> None:
    assert loop("--version").stdout.startswith("loop 0.")


def test_help_does_not_load_what_it_does_not_need() -> None:
    script = (
        "import sys, cli.main\n"
        "slow = {'boto3', 'numpy', 'duckdb', 'sklearn', 'httpx', 'aws_cdk'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(slow)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


def _client_error() -> Exception:
    problem = {"Error": {"Code": "AccessDenied", "Message": "not allowed"}}
    return ClientError(problem, "ListStacks")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (lambda: OSError(errno.ENOSPC, "x"), UnavailableError, "disk is full"),
        (
            lambda: OSError(errno.EROFS, "Read-only file system", "/x"),
            UnavailableError,
            "/x cannot be used: Read-only",
        ),
        (lambda: NoCredentialsError(), UnavailableError, "credentials"),  # noqa: PLW0108
        (lambda: EndpointConnectionError(endpoint_url="x"), UnavailableError, "does not answer"),
        (lambda: httpx.ConnectError("x"), UnavailableError, "did not answer"),
        (_client_error, LoopError, "AccessDenied"),
        (lambda: NoRegionError(), InvalidInputError, "region"),  # noqa: PLW0108
    ],
)
def test_faults_of_libraries_are_explained(
    make: Callable[[], Exception], kind: type[LoopError], said: str
) -> None:
    told = explain(make())

    assert type(told) is kind
    assert said in str(told)
    assert told.next_step


def test_denied_file_is_named(tmp_path: os.PathLike[str]) -> None:
    told = explain(PermissionError(errno.EACCES, "x", str(tmp_path)))
    assert str(tmp_path) in str(told)
