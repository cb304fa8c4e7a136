"""One shard's part of the answer, in a folder on this computer."""

import json
from dataclasses import dataclass
from pathlib import Path

from lambdas.batch.layout import Layout, Shard
from lambdas.batch.origin import FileOrigin
from lambdas.batch.scoring import Count, Scorer
from lambdas.batch.shards import fetch_shard


@dataclass(frozen=True, slots=True)
class Task:
    """A shard to be scored into a folder."""

    origin: FileOrigin
    layout: Layout
    shard: Shard
    folder: Path


@dataclass(frozen=True, slots=True)
class Done:
    """A shard's part.

    Attributes
    ----------
    path : Path
    count : Count
    was_there : bool
        Whether an earlier run had made it.
    """

    path: Path
    count: Count
    was_there: bool


def do_task(scorer: Scorer, task: Task) -> Done:
    """Score a shard, unless its part is there: its name says which rows and which model it is of.

    Raises
    ------
    InvalidInputError
        If the shard cannot be read, or the file has changed; one sentence.
    """
    with fetch_shard(task.origin, task.layout, task.shard) as fetched:
        name = scorer.name_part(fetched.digest)
        path = task.folder / f"{task.shard.number:08d}-{name[:32]}.parquet"
        note = path.with_suffix(".json")
        # Both appear whole, and the note last.
        if path.is_file() and (earlier := _read_count(note)):
            return Done(path, earlier, was_there=True)
        count = scorer.score(fetched, task.shard, path)
        # duckdb reads Parquet itself, after the bytes that the part is named after.
        task.origin.check()
        beside = note.with_suffix(".tmp")
        beside.write_text(json.dumps(count.to_content()), "utf-8")
        beside.replace(note)
        return Done(path, count, was_there=False)


def _read_count(note: Path) -> Count | None:
    """Read what a part holds; None if that is not known: a power cut may leave a file empty."""
    try:
        return Count(**json.loads(note.read_bytes()))
    except (FileNotFoundError, TypeError, ValueError):
        return None
