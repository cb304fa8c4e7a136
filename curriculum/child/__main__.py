"""The learner's process: loads their file, calls it when asked, and sends back what came of it.

Started as ``python -m curriculum.child READ_FD WRITE_FD MEMORY_BYTES``. It answers through a pipe
of its own, so that the learner may print whatever they like. Nothing that says what is right is
ever sent here.
"""

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from curriculum.child.codec import pack, unpack
from curriculum.child.pipes import receive, send

_FILE_BYTES: Final = 1024**3


def main(read_fd: int, write_fd: int, memory_bytes: int) -> None:
    """Serve requests until the checker closes its end."""
    _limit(memory_bytes)
    server, own_process = _Server(), os.getpid()
    with suppress(EOFError):
        while True:
            request = unpack(receive(read_fd, largest=sys.maxsize))
            answer = server.answer(request)
            if os.getpid() != own_process:
                # The learner's code forked, and this is the other one.
                os._exit(0)
            for stream in (sys.stdout, sys.stderr):
                with suppress(Exception):
                    stream.flush()
            send(write_fd, answer)


class _Server:
    def __init__(self) -> None:
        self._file = Path()
        self._call: Callable[..., object] = _refuse

    def answer(self, request: dict[str, Any]) -> bytes:
        try:
            if "load" in request:
                self._call = self._load(**request["load"])
                return pack({"value": None})
            return pack({"value": self._call(*request["call"])})
        except BaseException as error:  # noqa: BLE001 - a learner's SystemExit is an error too
            return pack({"error": _describe(error, str(self._file))})

    def _load(self, file: str, function: str | None, driver: str | None) -> Callable[..., object]:
        self._forget()
        self._file = Path(file)
        sys.path.insert(0, str(self._file.parent))
        learner = _import(self._file, self._file.stem)
        if function is not None and not callable(getattr(learner, function, None)):
            raise AttributeError(f"{self._file.name} has no function {function}")
        if driver is not None:
            drive = _import(Path(driver), "exercise_driver").drive
            return lambda *arguments: drive(learner, *arguments)
        found: Callable[..., object] = getattr(learner, str(function))
        return found

    def _forget(self) -> None:
        """Let go of the file that was loaded before, and of what lay beside it."""
        folder = str(self._file.parent)
        if folder not in sys.path:
            return
        sys.path.remove(folder)
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(folder + os.sep):
                del sys.modules[name]
        self._call = _refuse


def _refuse(*_: object) -> object:
    raise RuntimeError("no file was loaded")


def _import(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _limit(memory_bytes: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    limits = {
        # Data, not address space: Node and NumPy reserve far more addresses than they use.
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_FSIZE: _FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        # macOS ignores some of them, a stricter limit may stand already: time is limited anyway.
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def _describe(error: BaseException, file: str) -> dict[str, Any]:
    line: int | None = None
    message = str(error)
    if isinstance(error, SyntaxError) and error.filename == file:
        # Its text would name the place once more.
        line, message = error.lineno, error.msg
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == file:
            line = frame.lineno
    return {"type": type(error).__name__, "message": message[:500], "line": line}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
