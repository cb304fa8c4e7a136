"""Proves exercises: the starter fails for its stated reason, the solution passes, each wrong answer
fails with its own message, and all of that whatever the seed. Several exercises side by side.
"""  # noqa: D205 - one sentence

import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

from core.store import ObjectStore
from curriculum.author.judges import (
    CaseJudge,
    DeedJudge,
    Judge,
    TextJudge,
    UnrepeatableError,
)
from curriculum.author.proof import ExerciseProof, Expected, expect
from curriculum.checker.bench import OpenLive, OpenStore
from curriculum.checker.manifest import Exercise
from curriculum.checker.process import Child

SEEDS: Final = 20
MAX_PROCESSES: Final = 8


def prove(
    exercises: Sequence[Exercise],
    *,
    seeds: int = SEEDS,
    processes: int | None = None,
    open_live: OpenLive | None = None,
) -> Iterator[ExerciseProof]:
    """Prove exercises side by side, and yield each as soon as it is done.

    Parameters
    ----------
    seeds
        How many seeds each answer is judged with: 0, 1, 2, …
    processes
        How many exercises at a time; as many as there are processors when None.
    open_live
        Opens a deployed system. `live` exercises are then proven on it, one after another, and
        what their answers do to it is done. Without it they are proven on a bucket in memory, as
        far as that goes.
    """
    on_system = [each for each in exercises if open_live and each.manifest.mode == "live"]
    elsewhere = [each for each in exercises if each not in on_system]
    wanted = min(processes or os.cpu_count() or 1, MAX_PROCESSES, len(elsewhere))
    if wanted < 2:
        yield from (prove_exercise(each, seeds=seeds) for each in elsewhere)
        yield from (prove_exercise(e, seeds=seeds, open_live=open_live) for e in on_system)
        return
    # A fork would copy this process's threads in the middle of what they do.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(wanted, mp_context=context)
    try:
        running = {pool.submit(prove_exercise, each, seeds=seeds): each for each in elsewhere}
        yield from (prove_exercise(e, seeds=seeds, open_live=open_live) for e in on_system)
        for future in as_completed(running):
            yield _take(future, running[future])
    finally:
        # After an interrupt, what has not begun is not begun.
        pool.shutdown(cancel_futures=True)


def _take(future: "Future[ExerciseProof]", exercise: Exercise) -> ExerciseProof:
    try:
        return future.result()
    except BrokenProcessPool:
        return ExerciseProof(
            slug=exercise.manifest.slug,
            mode=exercise.manifest.mode,
            answers=(),
            seconds=0.0,
            problem="It, or one that was proven beside it, ended the process that proves it.",
        )


def prove_exercise(
    exercise: Exercise,
    *,
    seeds: int = SEEDS,
    open_live: OpenLive | None = None,
) -> ExerciseProof:
    """Prove one exercise.

    Parameters
    ----------
    open_live
        Opens the deployed system that a `live` exercise is proven on. What is done to it once
        stays done, so deeds are judged once.
    """
    began = time.monotonic()
    answers = expect(exercise)
    problem, check_s = "", 0.0
    with ExitStack() as stack:
        try:
            judge = _choose_judge(exercise, stack, open_live)
            times = 1 if open_live and isinstance(judge, DeedJudge) else seeds
            check_s = _judge_all(judge, answers, times)
        except UnrepeatableError:
            problem = "prepare() makes other cases from the same seed; take all chance from it."
        except Exception as error:  # an author's check may break in any way  # noqa: BLE001
            problem = _explain(error, exercise.folder)
    return ExerciseProof(
        slug=exercise.manifest.slug,
        mode=exercise.manifest.mode,
        answers=() if problem else tuple(each.conclude() for each in answers),
        seconds=round(time.monotonic() - began, 2),
        check_seconds=round(check_s, 2),
        problem=problem,
    )


def _judge_all(judge: Judge, answers: Sequence[Expected], seeds: int) -> float:
    times = [0.0]
    for seed in range(seeds):
        if all(each.is_settled for each in answers):
            break
        judge.start(seed)
        for each in answers:
            if each.is_settled:
                continue
            began = time.monotonic()
            result = judge.judge(each, seed)
            seconds = time.monotonic() - began
            each.take(result, seed, seconds)
            if each.answer == "solution":
                times.append(seconds + (judge.prepare_s if isinstance(judge, CaseJudge) else 0.0))
    return median(times[1:] or times)


def _choose_judge(exercise: Exercise, stack: ExitStack, open_live: OpenLive | None) -> Judge:
    open_store: OpenStore = _open_world
    if open_live is not None:
        live = open_live()
        open_store, open_live = (lambda: live.store), (lambda: live)
    if exercise.manifest.file is None:
        return DeedJudge(exercise, open_store=open_store, open_live=open_live)
    if not exercise.manifest.file.endswith(".py"):
        return TextJudge(exercise, open_store=open_store, open_live=open_live)
    child = stack.enter_context(Child())
    return stack.enter_context(
        CaseJudge(exercise, child, open_store=open_store, open_live=open_live)
    )


def _open_world() -> ObjectStore:
    # It imports all of training: only for the checks that ask for a bucket.
    from curriculum.author.world import make_world  # noqa: PLC0415

    return make_world()


def _explain(error: Exception, folder: Path) -> str:
    """Say which line of the author's own files broke."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if Path(each.filename).is_relative_to(folder)]
    place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "the proof"
    return f"{place} broke: {type(error).__name__}: {error}"[:500]
