"""Runs one check: cases from the exercise, answers from a child process, judgement."""

import importlib.util
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from core.errors import LoopError
from curriculum.checker.bench import (
    Bench,
    Case,
    CheckModule,
    OpenLive,
    OpenStore,
    Say,
    say_nothing,
)
from curriculum.checker.manifest import Exercise
from curriculum.checker.process import BrokenError, Child, EndedError
from curriculum.checker.results import Failure, Result

_MODULE = "curriculum_check_"


def run_check(
    exercise: Exercise,
    answer_file: Path | None,
    *,
    open_store: OpenStore | None = None,
    open_live: OpenLive | None = None,
    workspace: Path | None = None,
    seed: int | None = None,
    say: Say = say_nothing,
) -> Result:
    """Judge what the learner did by how it behaves.

    Parameters
    ----------
    answer_file
        The learner's file; None for an exercise without one.
    open_store, open_live
        Open the deployed system, once a check asks for it; a `LoopError` from them means
        `not ready`.
    workspace
        The learner's repository.
    seed
        What the data are made from; fresh when None.
    say
        Hears what a check that takes minutes does now.
    """
    seed = secrets.randbelow(2**31) if seed is None else seed
    bench = Bench(
        seed=seed, open_store=open_store, open_live=open_live, workspace=workspace, say=say
    )
    if exercise.manifest.file is None:
        return _guard(exercise, lambda: _probe(exercise, bench, _passed(exercise, seed)))
    trouble = _find_trouble(exercise, answer_file)
    if trouble or answer_file is None:
        return _error(exercise, f"{trouble}", f"loop learn reset {exercise.manifest.slug}")
    if answer_file.suffix != ".py":
        return _guard(exercise, lambda: _inspect(exercise, bench, answer_file))
    return _guard(exercise, lambda: _run_file(exercise, bench, answer_file))


def judge_cases(
    exercise: Exercise,
    module: CheckModule,
    cases: Sequence[Case],
    child: Child,
    answer_file: Path,
    *,
    seed: int,
) -> Result:
    """Load a file into a child process, and judge its answers one by one up to the first failure.

    The child may be used for many files and seeds: each call loads the file anew.
    """
    base, again = _passed(exercise, seed), f"loop learn check {exercise.manifest.slug}"
    left_s = float(exercise.manifest.timeout_s)
    doing, answers = "it was loaded", []
    try:
        child.load(
            answer_file,
            function=exercise.manifest.function,
            driver=exercise.driver,
            timeout_s=left_s,
        )
        for case in cases:
            doing, began = case.name, time.monotonic()
            answer = child.call(case.arguments, timeout_s=left_s)
            left_s -= time.monotonic() - began
            failure = module.judge(case, answer)
            if failure:
                return _fail(base, f"not yet, for {case.name}", failure)
            answers.append(answer)
    except BrokenError as error:
        file = str(exercise.manifest.file)
        place = f"{file}, line {error.line}" if error.line else file
        when = "when" if doing == "it was loaded" else "for"
        message = f"your code broke {when} {doing}: {error.kind}: {error} ({place})"
        return base.model_copy(update={"status": "error", "message": message, "next_step": again})
    except EndedError as error:
        limit = (
            f"took more than {exercise.manifest.timeout_s} s" if error.timed_out else "was ended"
        )
        message = f"your code {limit}, and gave no answer ({doing})"
        return base.model_copy(update={"status": "error", "message": message, "next_step": again})
    measure: Callable[..., dict[str, float]] | None = getattr(module, "measure", None)
    metrics = (
        {name: float(value) for name, value in measure(cases, answers).items()} if measure else {}
    )
    message = f"all {len(cases)} cases behave"
    return base.model_copy(update={"message": message, "file_passed": True, "metrics": metrics})


def load_check(exercise: Exercise) -> CheckModule:
    """Import an exercise's ``check.py``, anew each time."""
    name = _MODULE + exercise.manifest.slug.replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, exercise.check_file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{exercise.check_file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return cast("CheckModule", module)


def _run_file(exercise: Exercise, bench: Bench, answer_file: Path) -> Result:
    module = load_check(exercise)
    cases = module.prepare(bench)
    child = Child()
    with child:
        result = judge_cases(exercise, module, cases, child, answer_file, seed=bench.seed)
    result = result.model_copy(update={"printed": child.printed})
    if result.status == "pass" and hasattr(module, "probe"):
        try:
            return _probe(exercise, bench, result)
        except LoopError as error:
            return _not_ready(result, error)
    return result


def _probe(exercise: Exercise, bench: Bench, base: Result) -> Result:
    failure = load_check(exercise).probe(bench)
    base = base.model_copy(update={"metrics": base.metrics | bench.metrics})
    if failure:
        where = "not yet: your file behaves, the deployed system does not do it so far"
        return _fail(base, where if exercise.manifest.file else "not yet", failure)
    return base.model_copy(update={"message": base.message or "what you did is there, and holds"})


def _inspect(exercise: Exercise, bench: Bench, answer_file: Path) -> Result:
    base = _passed(exercise, bench.seed)
    try:
        text = answer_file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        again = f"loop learn check {base.slug}"
        return _error(
            exercise, f"{answer_file.name} is not UTF-8 text.", f"save it so, then {again}"
        )
    failure = load_check(exercise).inspect(bench, text)
    base = base.model_copy(update={"metrics": bench.metrics, "file_passed": failure is None})
    if failure:
        return _fail(base, "not yet", failure)
    update = {"message": "the facts in it agree", "rubric": exercise.manifest.rubric}
    return base.model_copy(update=update)


def _guard(exercise: Exercise, judge: Callable[[], Result]) -> Result:
    try:
        return judge()
    except LoopError as error:
        return _not_ready(
            Result(slug=exercise.manifest.slug, status="not ready", message=""), error
        )


def _passed(exercise: Exercise, seed: int) -> Result:
    slug = exercise.manifest.slug
    return Result(slug=slug, status="pass", message="", seed=seed, next_step="loop learn")


def _fail(base: Result, message: str, failure: Failure) -> Result:
    next_step = f"loop learn hint {base.slug}"
    update = {"status": "fail", "message": message, "failure": failure, "next_step": next_step}
    return base.model_copy(update=update)


def _error(exercise: Exercise, message: str, next_step: str) -> Result:
    slug = exercise.manifest.slug
    return Result(slug=slug, status="error", message=message, next_step=next_step)


def _not_ready(base: Result, error: LoopError) -> Result:
    update = {"status": "not ready", "message": str(error)}
    return base.model_copy(update=update | {"next_step": error.next_step or "loop up"})


def _find_trouble(exercise: Exercise, answer_file: Path | None) -> str:
    if answer_file is None or not answer_file.exists():
        return f"There is no file {answer_file or exercise.manifest.file}."
    return "" if answer_file.is_file() else f"{answer_file} is not a file."
