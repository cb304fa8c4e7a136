"""Runs one check: cases from the exercise, answers from a child process, judgement."""

import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from core.errors import LoopError
from core.store import ObjectStore
from curriculum.checker.bench import Bench, Case, CheckModule
from curriculum.checker.manifest import Exercise
from curriculum.checker.results import Result

OpenStore = Callable[[], ObjectStore]

_CHILD: Final = Path(__file__).with_name("child.py")
_MEMORY_BYTES: Final = 4 * 1024**3
_PRINTED_CHARACTERS: Final = 2_000
# What Python and its libraries need, and no credentials: not even the ones in the home folder.
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class _Run:
    answers: list[dict[str, Any]]
    printed: str
    timed_out: bool


def run_check(
    exercise: Exercise, answer_file: Path, *, open_store: OpenStore, seed: int | None = None
) -> Result:
    """Judge a file by the behaviour of its function.

    Parameters
    ----------
    answer_file
        The learner's file.
    open_store
        Opens the deployed data bucket; a `LoopError` from it means `not ready`.
    seed
        What the data are made from; fresh when None.
    """
    slug = exercise.manifest.slug
    if not answer_file.is_file():
        return Result(
            slug=slug,
            status="error",
            message=f"There is no file {answer_file}.",
            next_step=f"loop learn reset {slug}",
        )
    seed = secrets.randbelow(2**31) if seed is None else seed
    module = _load_check(exercise)
    try:
        cases = module.prepare(Bench(seed=seed, store=open_store()))
    except LoopError as error:
        return Result(
            slug=slug,
            status="not ready",
            message=str(error),
            next_step=error.next_step or "loop up",
        )
    run = _call(exercise, answer_file, [case.arguments for case in cases])
    return _judge(exercise, module, cases, run, seed=seed)


def _judge(
    exercise: Exercise, module: CheckModule, cases: Sequence[Case], run: _Run, *, seed: int
) -> Result:
    base = Result(
        slug=exercise.manifest.slug, status="pass", message="", seed=seed, printed=run.printed
    )
    again = f"loop learn check {base.slug}"
    for case, answer in zip(cases, run.answers, strict=False):
        if "error" in answer:
            return _broke(base, exercise, case, answer["error"], next_step=again)
        failure = module.judge(case, answer["value"])
        if failure:
            update = {
                "status": "fail",
                "message": f"not yet, for {case.name}",
                "failure": failure,
                "next_step": f"loop learn hint {base.slug}",
            }
            return base.model_copy(update=update)
    if len(run.answers) < len(cases):
        limit = f"took more than {exercise.manifest.timeout_s} s" if run.timed_out else "was ended"
        message = f"your code {limit}, and gave no answer"
        return base.model_copy(update={"status": "error", "message": message, "next_step": again})
    return base.model_copy(
        update={"message": f"all {len(cases)} cases behave", "next_step": "loop learn"}
    )


def _broke(
    base: Result, exercise: Exercise, case: Case, error: dict[str, Any], *, next_step: str
) -> Result:
    place = f"{exercise.manifest.file}" + (f", line {error['line']}" if error["line"] else "")
    message = f"your code broke for {case.name}: {error['type']}: {error['message']} ({place})"
    return base.model_copy(update={"status": "error", "message": message, "next_step": next_step})


def _call(exercise: Exercise, answer_file: Path, arguments: list[Sequence[Any]]) -> _Run:
    """Call the learner's function in a child process: limits on time and memory, no credentials."""
    with tempfile.TemporaryDirectory(prefix="loop-check-") as folder:
        request, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        content = {
            "file": str(answer_file.resolve()),
            "function": exercise.manifest.function,
            "memory_bytes": _MEMORY_BYTES,
            "cases": arguments,
        }
        request.write_text(json.dumps(content), encoding="utf-8")
        printed, timed_out = _run_child(request, answer, timeout_s=exercise.manifest.timeout_s)
        text = answer.read_text(encoding="utf-8") if answer.is_file() else "[]"
        return _Run(json.loads(text), printed[:_PRINTED_CHARACTERS].strip(), timed_out)


def _run_child(request: Path, answer: Path, *, timeout_s: int) -> tuple[str, bool]:
    with (request.parent / "printed.txt").open("w+b") as printed:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", str(_CHILD), str(request), str(answer)],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            cwd=request.parent,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            | {"HOME": str(request.parent)},
            # A group of its own, so that whatever the learner's code starts ends with it.
            start_new_session=True,
        )
        try:
            child.wait(timeout=timeout_s)
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _end_group(child)
        printed.seek(0)
        text = printed.read(4 * _PRINTED_CHARACTERS).decode(errors="replace")
    return text, timed_out


def _end_group(child: "subprocess.Popen[bytes]") -> None:
    # No such group: it has ended, and left nothing behind.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _load_check(exercise: Exercise) -> CheckModule:
    name = f"curriculum_check_{exercise.manifest.slug.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, exercise.check_file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{exercise.check_file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return cast("CheckModule", module)
