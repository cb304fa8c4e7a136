"""Processes that score shards side by side; with one, the work is done in this process."""

import atexit
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from core.bundle import Bundle
from lambdas.batch.part import Done, Task, do_task
from lambdas.batch.scoring import Scorer
from lambdas.inference.predictor import Predictor

_scorer: Scorer | None = None  # of a process that is a worker


@dataclass(frozen=True, slots=True)
class Workers:
    """What tasks are given to.

    Attributes
    ----------
    scorer : Scorer
        In this process.
    count : int
        Tasks that are done at the same time.
    """

    scorer: Scorer
    count: int
    _pool: Executor
    _is_here: bool

    def submit(self, task: Task) -> "Future[Done]":
        """Have a task done."""
        if self._is_here:
            return self._pool.submit(do_task, self.scorer, task)
        return self._pool.submit(_do_task, task)


@contextmanager
def open_workers(bundle: Bundle, *, version: int, count: int) -> Iterator[Workers]:
    """Start as many workers; what they have begun is done when the ``with`` block ends.

    Raises
    ------
    IntegrityError
        If the bundle cannot be served.
    """
    with _open_pool(bundle, version, count) as pool:
        try:
            scorer = make_scorer(bundle, version)
            yield Workers(scorer, count, pool, _is_here=count == 1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def make_scorer(bundle: Bundle, version: int) -> Scorer:
    """Compile a bundle; see `Predictor`."""
    return Scorer(Predictor(bundle), bundle.manifest.model, version, bundle.bundle_id)


def _open_pool(bundle: Bundle, version: int, count: int) -> Executor:
    if count == 1:
        return ThreadPoolExecutor(1)
    # A fork would copy locks of threads that are not there any more.
    spawning = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        count, mp_context=spawning, initializer=_begin, initargs=(bundle, version)
    )
    for _ in range(count):  # they start while the file is being cut
        pool.submit(os.getpid)
    return pool


def _begin(bundle: Bundle, version: int) -> None:
    global _scorer  # noqa: PLW0603 - a process has one scorer, made when it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # That thread would keep the interpreter from being taken apart in peace; nothing is left to do.
    atexit.register(os._exit, 0)
    _scorer = make_scorer(bundle, version)


def _end_with_parent() -> None:
    """End this process when the first one has been killed: nobody waits for its work any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do_task(task: Task) -> Done:
    assert _scorer is not None  # noqa: S101 - the initializer has set it
    return do_task(_scorer, task)
