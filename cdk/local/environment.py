"""The emulator's own virtual environment, apart from the project's.

Functions then see only what was bundled for them: a dependency that is missing in a bundle fails
here as it does on AWS.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uv

from core.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk.local.cloud import Report

_MARKER = "complete.txt"


def prepare_environment(
    venv: Path, *, lock_file: Path, report: Report, interpreter: str = sys.executable
) -> Path:
    """Install `lock_file` into `venv`, unless that is what it holds; return its interpreter.

    The environment is built beside its place and moved there in one step, so that an interrupted
    build is begun again and never used.

    Raises
    ------
    UnavailableError
        When the packages cannot be installed.
    """
    wanted = _fingerprint(lock_file, interpreter)
    marker = venv / _MARKER
    python = venv / "bin" / "python"
    if marker.is_file() and marker.read_text() == wanted and python.exists():
        return python
    report(f"Installing the emulator from {lock_file.name}")
    partial = venv.with_name(f"{venv.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    _uv(["venv", "--relocatable", "--python", interpreter, str(partial)])
    target = str(partial / "bin" / "python")
    _uv(["pip", "sync", "--require-hashes", "--python", target, str(lock_file)])
    (partial / _MARKER).write_text(wanted)
    shutil.rmtree(venv, ignore_errors=True)
    partial.rename(venv)
    return python


def _fingerprint(lock_file: Path, interpreter: str) -> str:
    lock = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    return f"{lock} {Path(interpreter).resolve()}\n"


def _uv(arguments: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(  # noqa: S603 - uv itself, with arguments of our own
        [uv.find_uv_bin(), *arguments, "--quiet"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    last_line = (done.stderr.strip().splitlines() or ["no message"])[-1].strip()
    if "No space left" in done.stderr:
        raise UnavailableError(
            "The disk is full: the emulator cannot be installed.",
            next_step="Free some disk space, then run the command again.",
        )
    raise UnavailableError(
        f"The emulator cannot be installed. uv says: {last_line}",
        next_step="Check the connection to the package registry, then run the command again.",
    )
