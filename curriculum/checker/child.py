"""Runs in the child process: load the learner's file, call their function, write what came back.

Started as ``python -I child.py REQUEST ANSWER``, two JSON files. It needs the standard library
alone, and answers in a file, so that the learner may print whatever they like.
"""

import importlib.util
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(request_path: str, answer_path: str) -> None:
    """Call the function for every case of the request; stop at the first that breaks."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    _limit_memory(request["memory_bytes"])
    answers: list[dict[str, Any]] = []
    try:
        function = _load_function(Path(request["file"]), request["function"])
        for arguments in request["cases"]:
            answer = json.dumps(function(*arguments), default=_plain)
            answers += [{"value": json.loads(answer)}]
    except BaseException as error:  # noqa: BLE001 - a learner's SystemExit is an error too
        answers.append({"error": _describe(error, request["file"])})
    Path(answer_path).write_text(json.dumps(answers), encoding="utf-8")


def _limit_memory(limit_bytes: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every platform

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    except (ImportError, ValueError, OSError):
        # macOS has no such limit; the time limit still holds.
        return


def _load_function(path: Path, name: str) -> Callable[..., object]:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    function: Callable[..., object] | None = getattr(module, name, None)
    if function is None:
        raise AttributeError(f"{path.name} has no function {name}")
    return function


def _plain(value: object) -> object:
    """Turn what learners naturally return (arrays, sets) into JSON."""
    to_list: Callable[[], object] | None = getattr(value, "tolist", None)
    if to_list is not None:
        return to_list()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"the function returned a {type(value).__name__}, which is not plain data")


def _describe(error: BaseException, file: str) -> dict[str, Any]:
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == file:
            line = frame.lineno
    return {"type": type(error).__name__, "message": str(error)[:500], "line": line}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
