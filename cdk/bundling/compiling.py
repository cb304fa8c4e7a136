"""Byte code: which interpreter makes it, and how it is made to last in a zip file."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Where Lambda unpacks a package: what tracebacks show.
_TASK_ROOT = "/var/task"
_ASK_FOR_TAG = "import sys; print(sys.implementation.cache_tag, sys.version_info.releaselevel)"
_ANSWER_WITHIN_S = 20.0


def find_interpreter(python: str) -> str | None:
    """Return a working interpreter that makes byte code for a version, or None.

    Byte code fits one minor version alone. This interpreter is asked first, then what is on the
    search path, then what is installed beside this one, as tools that keep many versions do.
    Nothing is downloaded.

    Parameters
    ----------
    python : str
        Minor version, such as ``"3.12"``.
    """
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    return next((path for path in _candidates(python) if _makes_byte_code(path, python)), None)


def compile_folder(folder: Path, *, interpreter: str) -> None:
    """Compile to byte code that is never checked against its source.

    A zip file rounds times, so byte code that is checked by time would always look stale, and
    Lambda cannot write a fresh one: every cold start would compile everything again.

    Parameters
    ----------
    folder : Path
        What is unpacked as a function's own folder.
    interpreter : str
        As :func:`find_interpreter` returned it.
    """
    command = [
        interpreter, "-I", "-m", "compileall", "-qq", "-j", "1",
        "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", _TASK_ROOT, str(folder),
    ]  # fmt: skip
    # Files that no interpreter can compile (templates, other versions' syntax) are left as
    # they are: importing them would fail with or without byte code.
    subprocess.run(command, capture_output=True, check=False)  # noqa: S603


def _candidates(python: str) -> Iterator[str]:
    name = f"python{python}"
    for folder in os.get_exec_path():
        yield str(Path(folder) / name)
    beside = Path(sys.base_prefix).parent.glob(f"*{python}*/bin/{name}")
    yield from sorted(map(str, beside), reverse=True)


def _makes_byte_code(path: str, python: str) -> bool:
    """Ask it: a name says little, and a version manager's stand-in may start nothing."""
    if not os.access(path, os.X_OK):
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a Python of this machine, no shell
            [path, "-I", "-S", "-c", _ASK_FOR_TAG],
            capture_output=True, text=True, check=False, timeout=_ANSWER_WITHIN_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    # Byte code of previews is not what the release reads.
    return done.stdout.split() == [f"cpython-{python.replace('.', '')}", "final"]
