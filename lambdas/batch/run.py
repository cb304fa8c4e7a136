"""A whole file scored on this computer, in constant memory, and gone on with where it was ended.

Every shard writes its own part into a folder beside the answer; a part that is there is whole, and
its name says of which rows and which model it is. The answer appears at once, when all are.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from lambdas.batch.answer import Report, add_up, check_place, put_together
from lambdas.batch.origin import FileOrigin
from lambdas.batch.part import Task, do_task
from lambdas.batch.scoring import Scorer
from lambdas.batch.shards import cut_file


def score_file(scorer: Scorer, path: Path, to: Path, *, threads: int) -> Report:
    """Score a file.

    Parameters
    ----------
    path, to : Path
        A CSV or Parquet file, and the Parquet file to be.
    threads : int
        Shards that are scored at the same time. onnxruntime, duckdb and most of numpy let go of the
        interpreter's lock while they work, so each thread keeps a core busy.

    Raises
    ------
    InvalidInputError
        If the file cannot be read; one sentence.
    """
    check_place(to)
    origin = FileOrigin(path)
    stretch = cut_file(origin, scorer.contract.file)
    folder = to.with_name(f".{to.name}.parts")
    folder.mkdir(exist_ok=True)
    tasks = (Task(origin, stretch.layout, shard, folder) for shard in stretch.shards)
    try:
        with ThreadPoolExecutor(threads) as pool:  # a shard that was begun is ended
            parts = list(pool.map(partial(do_task, scorer), tasks))
    except BaseException:
        with suppress(OSError):
            folder.rmdir()  # there is nothing to go on with
        raise
    put_together([part.path for part in parts], to, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return add_up((part.count for part in parts), resumed=sum(part.was_there for part in parts))
