"""The learner's own parts of the system: where they lie, how they are loaded, how a fault is told.

A part is one Python file of the learner's that takes the place of a reference part, or stands
beside it: see `FUNCTIONS`. In a function it lies in ``learner/`` beside the code, on the laptop in
the folder that the environment variable LOOP_PARTS names: the same files. Where there is none, the
reference part works alone.

A part is code of the learner's own, and runs with the rights of the function that it is in: what
that role may read and write, and no more. It is not run apart from the system's code, so nobody
else's file belongs there.
"""

import hashlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final, Literal, get_args

from core.errors import InvalidInputError, LoopError

PartName = Literal["clean", "candidate", "rule", "route", "alarm"]

PARTS: Final[tuple[PartName, ...]] = get_args(PartName)

FUNCTIONS: Final[dict[PartName, str]] = {
    "clean": "clean",
    "candidate": "build",
    "rule": "judge",
    "route": "respond",
    "alarm": "add_alarm",
}
"""What the system calls in the file of a part."""

FOLDER: Final = "learner"
VARIABLE: Final = "LOOP_PARTS"
MAX_PART_BYTES: Final = 256 * 1024

_ROOT: Final = Path(__file__).resolve().parents[1]
_AGAIN_S: Final = 1.0
_MAX_QUOTED: Final = 200
_ends_at_s: float | None = None
_loaded: dict[tuple[str, str], ModuleType] = {}


class PartError(InvalidInputError):
    """A part of the learner's broke: one sentence with its name, the line and the kind of error."""


class _TooLong(BaseException):
    """A part's time is up; no `Exception`, which a part might catch."""


def find_folder() -> Path:
    """Return the folder that holds the learner's parts, if there are any."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else _ROOT / FOLDER


def find(name: PartName) -> Path | None:
    """Return the file of a part; None where the reference part works alone."""
    path = find_folder() / f"{name}.py"
    return path if path.is_file() else None


def read_parts(names: Iterable[PartName] = PARTS) -> dict[PartName, bytes]:
    """Return the files of those of the named parts that there are."""
    found = ((name, find(name)) for name in names)
    return {name: path.read_bytes() for name, path in found if path}


def hash_parts(names: Iterable[PartName] = PARTS) -> dict[str, str]:
    """Return the SHA-256 of the files of those of the named parts that there are."""
    return {name: hashlib.sha256(body).hexdigest() for name, body in read_parts(names).items()}


def load(name: PartName) -> ModuleType | None:
    """Return a part as a module; None where there is none.

    Raises
    ------
    PartError
        If the file cannot be loaded.
    """
    path = find(name)
    if path is None:
        return None
    body = path.read_bytes()
    known = (str(path), hashlib.sha256(body).hexdigest())
    if known not in _loaded:
        with guarded(name, lambda: "cannot be loaded"):
            _loaded[known] = _run(name, path, body)
    return _loaded[known]


def _run(name: PartName, path: Path, body: bytes) -> ModuleType:
    module = ModuleType(f"{FOLDER}_{name}")
    module.__file__ = str(path)
    # Dataclasses and pydantic look their own module up.
    sys.modules[module.__name__] = module
    # No byte code is kept: in a function nothing can be written, and stale code would be no proof.
    exec(compile(body, str(path), "exec"), module.__dict__)  # noqa: S102 - the learner's own code
    return module


def load_function(name: PartName) -> Callable[..., Any] | None:
    """Return what the system calls in a part; None where there is no such part.

    Raises
    ------
    PartError
        If the file cannot be loaded, or has no such function.
    """
    module = load(name)
    if module is None:
        return None
    function: object = getattr(module, FUNCTIONS[name], None)
    if not callable(function):
        raise PartError(f"Your part {name} has no function {FUNCTIONS[name]!r}.")
    return function


def set_deadline(limit_s: float | None) -> None:
    """Give the parts of this process `limit_s` seconds from now; None is no limit.

    A function says what is left of its own time, so that a part that does not end can be named.
    """
    global _ends_at_s  # noqa: PLW0603 - a function handles one event at a time
    _ends_at_s = None if limit_s is None else time.monotonic() + limit_s


def _say_broke() -> str:
    return "broke"


@contextmanager
def guarded(
    name: PartName, what: Callable[[], str] = _say_broke, *, sees_data: bool = True
) -> Iterator[None]:
    """Turn whatever a part raises into one sentence, and end one that does not end by itself.

    The system's own faults (`LoopError`), a lack of memory and an interrupt pass.

    Parameters
    ----------
    what : callable
        Says what happened to it, after "Your part clean"; asked only when something did.
    sees_data : bool
        Whether the text of its error may hold a cell or a field, and so is left out.

    Raises
    ------
    PartError
        With the part's name, the line and the kind of error.
    """
    began_s = time.monotonic()
    try:
        with _limited():
            yield
    except (LoopError, MemoryError, KeyboardInterrupt):
        raise
    except _TooLong as error:
        took_s = time.monotonic() - began_s
        raise PartError(
            f"Your part {name} was stopped after {took_s:.0f} s{_find_line(name, error)}: the time"
            " of its step was up. Does a loop in it never end?"
        ) from None
    except BaseException as error:  # noqa: BLE001 - a part may call sys.exit
        said = "" if sees_data else _quote(error)
        raise PartError(f"Your part {name} {what()}{_describe(name, error)}{said}.") from None


def _quote(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0].rstrip(".")
    return f": {first[:_MAX_QUOTED]}" if first else ""


def _describe(name: PartName, error: BaseException) -> str:
    line = _find_line(name, error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{line}: it imports {error.name!r}, which is not installed where it runs"
    return f"{line}: {type(error).__name__}"


def _find_line(name: PartName, error: BaseException) -> str:
    path = str(find(name))
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == path else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == path:
            line = frame.lineno
    return "" if line is None else f" at line {line}"


@contextmanager
def _limited() -> Iterator[None]:
    """Raise `_TooLong` when the time is up, where that can be: in the main thread."""
    limited = _ends_at_s is not None and threading.current_thread() is threading.main_thread()
    if not limited or _ends_at_s is None:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TooLong

    handler = signal.signal(signal.SIGALRM, stop)
    # Again and again, should the part catch it.
    left_s = max(_ends_at_s - time.monotonic(), 0.001)
    timer = signal.setitimer(signal.ITIMER_REAL, left_s, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
