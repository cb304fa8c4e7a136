"""A whole file scored on this computer, in constant memory, and gone on with where it was ended.

Every shard writes its own part into a folder beside the answer; a part that is there is whole, and
its name says of which rows and which model it is. The answer appears at once, when all are.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.batch import check_place
from core.bundle import Bundle
from core.errors import InvalidInputError
from lambdas.batch.answer import Report, add_up, put_together
from lambdas.batch.layout import Shard
from lambdas.batch.origin import FileOrigin
from lambdas.batch.part import Done, Task, do_task
from lambdas.batch.scoring import make_scorer
from lambdas.batch.shards import cut_file, open_duckdb
from lambdas.batch.workplace import drop_parts, name_folder


def score_file(bundle: Bundle, path: Path, to: Path, *, version: int, threads: int) -> Report:
    """Score a file.

    Parameters
    ----------
    bundle : Bundle
    path, to : Path
        A CSV or Parquet file, and the Parquet file to be.
    version : int
        Of the model; the answer names it.
    threads : int
        Shards that are scored at the same time. onnxruntime, duckdb and most of numpy let go of the
        interpreter's lock while they work, so each thread keeps a core busy.

    Raises
    ------
    IntegrityError
        If the bundle cannot be served.
    InvalidInputError
        If the file cannot be read, or was changed meanwhile; one sentence.
    """
    check_place(to)
    origin = FileOrigin(path)
    folder = name_folder(to)
    try:
        # A shard that was begun is ended.
        with origin.watched(), ThreadPoolExecutor(threads) as pool:
            # What the first shard needs is made while the file is cut.
            first = pool.submit(make_scorer, bundle, version)
            pool.submit(open_duckdb)
            stretch = cut_file(origin, bundle.manifest.contract.file)
            spare = [first.result()]

            def do(shard: Shard) -> Done:
                # A graph's memory must not go from thread to thread: a core would wait for another.
                try:
                    mine = spare.pop()
                except IndexError:
                    mine = make_scorer(bundle, version)
                try:
                    return do_task(mine, Task(origin, stretch.layout, shard, folder))
                finally:
                    spare.append(mine)

            folder.mkdir(exist_ok=True)
            parts = list(pool.map(do, stretch.shards))
    except InvalidInputError:
        drop_parts(folder)  # the file itself must change first
        raise
    put_together([part.path for part in parts], to, folder=folder)
    drop_parts(folder)
    return add_up((part.count for part in parts), resumed=sum(part.was_there for part in parts))
