"""The Python interpreters of this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import uv

_ASK_FOR_TAG = "import sys; print(sys.implementation.cache_tag, sys.version_info.releaselevel)"
_ANSWER_WITHIN_S = 20.0


def find_interpreter(python: str) -> str | None:
    """Return a working interpreter of a version, or None; nothing is downloaded.

    This interpreter is asked first, then those on the search path, then those beside this one
    (where version managers put them), then uv's own.

    Parameters
    ----------
    python : str
        Minor version, such as ``"3.12"``.
    """
    if python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    return next((path for path in _candidates(python) if _is_release(path, python)), None)


def _candidates(python: str) -> Iterator[str]:
    name = f"python{python}"
    for folder in os.get_exec_path():
        yield str(Path(folder) / name)
    beside = Path(sys.base_prefix).parent.glob(f"*{python}*/bin/{name}")
    yield from sorted(map(str, beside), reverse=True)
    yield _answer(uv.find_uv_bin(), "python", "find", "--managed-python", "--no-python-downloads",
                  "--no-project", python)  # fmt: skip


def _is_release(path: str, python: str) -> bool:
    """Ask it: a name says little, and a version manager's stand-in may start nothing."""
    if not os.access(path, os.X_OK):
        return False
    # Byte code of a preview, or of another implementation, is not what Lambda's Python reads.
    return _answer(path, "-I", "-S", "-c", _ASK_FOR_TAG).split() == [
        f"cpython-{python.replace('.', '')}", "final",
    ]  # fmt: skip


def _answer(*command: str) -> str:
    """Return what a command writes, or nothing when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - a Python of this machine or uv, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=_ANSWER_WITHIN_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
