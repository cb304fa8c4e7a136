"""A whole file scored on this computer, in constant memory, and gone on with where it was ended.

Every shard writes its own part into a folder beside the answer; a part that is there is whole, and
its name says of which rows and which model it is. The answer appears at once, when all are.
"""

import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UnavailableError
from lambdas.batch.answer import Report, add_up, check_place, put_together
from lambdas.batch.origin import FileOrigin
from lambdas.batch.part import Done, Task
from lambdas.batch.shards import cut_file
from lambdas.batch.workers import Workers

if TYPE_CHECKING:
    from concurrent.futures import Future


def score_file(workers: Workers, path: Path, to: Path) -> Report:
    """Score a file.

    Parameters
    ----------
    path, to : Path
        A CSV or Parquet file, and the Parquet file to be.

    Raises
    ------
    InvalidInputError
        If the file cannot be read; one sentence.
    """
    check_place(to)
    origin = FileOrigin(path)
    stretch = cut_file(origin, workers.scorer.contract.file)
    folder = to.with_name(f".{to.name}.parts")
    folder.mkdir(exist_ok=True)
    tasks = (Task(origin, stretch.layout, shard, folder) for shard in stretch.shards)
    with _told():
        parts = list(_run(workers, tasks))
    put_together([part.path for part in parts], to, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return add_up((part.count for part in parts), resumed=sum(part.was_there for part in parts))


def _run(workers: Workers, tasks: Iterable[Task]) -> Iterator[Done]:
    """Do tasks, never more than a few of them begun, and yield them in their order."""
    waiting: deque[Future[Done]] = deque()
    for task in tasks:
        waiting.append(workers.submit(task))
        if len(waiting) > 2 * workers.count:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _told() -> Iterator[None]:
    """Say what a process that was ended from outside means."""
    try:
        yield
    except BrokenProcessPool as error:
        raise UnavailableError(
            "A process that scored was ended from outside: perhaps the memory is too small.",
            next_step="close other programs, and run the same command again: it goes on where it"
            " was",
        ) from error
