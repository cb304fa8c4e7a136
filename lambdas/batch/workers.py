"""What scores shards side by side: this process at once, and others as soon as they are there."""

import atexit
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

from core.bundle import Bundle
from lambdas.batch.part import Done, Task, do_task
from lambdas.batch.scoring import Scorer
from lambdas.inference.predictor import Predictor

Bundles: TypeAlias = "multiprocessing.Queue[tuple[Bundle, int]]"

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
    _lanes: Executor
    _others: Executor | None
    _here: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, task: Task) -> "Future[Done]":
        """Have a task done."""
        return self._lanes.submit(self._do, task)

    def _do(self, task: Task) -> Done:
        """Do a task in this process if nothing is being done here, else in another one."""
        if self._others is None:
            return do_task(self.scorer, task)
        if not self._here.acquire(blocking=False):
            return self._others.submit(_do_task, task).result()
        try:
            return do_task(self.scorer, task)
        finally:
            self._here.release()


@contextmanager
def open_workers(bundle: Bundle, *, version: int, count: int) -> Iterator[Workers]:
    """Start as many workers; what they have begun is done when the ``with`` block ends.

    Raises
    ------
    IntegrityError
        If the bundle cannot be served.
    """
    others = _start_others(bundle, version, count - 1) if count > 1 else None
    with others or nullcontext(), ThreadPoolExecutor(count) as lanes:
        try:
            yield Workers(make_scorer(bundle, version), count, lanes, others)
        except BaseException:
            lanes.shutdown(wait=False, cancel_futures=True)
            raise


def make_scorer(bundle: Bundle, version: int) -> Scorer:
    """Compile a bundle; see `Predictor`."""
    return Scorer(Predictor(bundle), bundle.manifest.model, version, bundle.bundle_id)


def _start_others(bundle: Bundle, version: int, count: int) -> Executor:
    # A fork would copy locks of threads that are not there any more.
    spawning = multiprocessing.get_context("spawn")
    # As an argument a bundle would have to be read by one process before the next one is started.
    bundles: Bundles = spawning.Queue()
    for _ in range(count):
        bundles.put((bundle, version))
    pool = ProcessPoolExecutor(count, mp_context=spawning, initializer=_begin, initargs=(bundles,))
    for _ in range(count):  # they start while the file is being cut
        pool.submit(os.getpid)
    return pool


def _begin(bundles: "Bundles") -> None:
    global _scorer  # noqa: PLW0603 - a process has one scorer, made when it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # That thread would keep the interpreter from being taken apart in peace; nothing is left to do.
    atexit.register(os._exit, 0)
    _scorer = make_scorer(*bundles.get())


def _end_with_parent() -> None:
    """End this process when the first one has been killed: nobody waits for its work any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do_task(task: Task) -> Done:
    assert _scorer is not None  # noqa: S101 - the initializer has set it
    return do_task(_scorer, task)
