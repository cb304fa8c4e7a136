"""Byte code that lasts in a zip file."""

import subprocess
from pathlib import Path

# Where Lambda unpacks a package: what tracebacks show.
_TASK_ROOT = "/var/task"


def compile_folder(folder: Path, *, interpreter: str) -> None:
    """Compile to byte code that is never checked against its source.

    A zip file rounds times, so byte code that is checked by time would always look stale, and
    Lambda cannot write a fresh one: every cold start would compile everything again.

    Parameters
    ----------
    folder : Path
        What is unpacked as a function's own folder.
    interpreter : str
        A Python of the version that will run it: byte code fits one minor version alone.
    """
    command = [
        interpreter, "-I", "-m", "compileall", "-qq", "-j", "1",
        "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", _TASK_ROOT, str(folder),
    ]  # fmt: skip
    # Files that no interpreter can compile (templates, other versions' syntax) are left as
    # they are: importing them would fail with or without byte code.
    subprocess.run(command, capture_output=True, check=False)  # noqa: S603
