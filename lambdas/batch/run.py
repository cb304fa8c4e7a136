"""A whole file scored, shard by shard, in constant memory, and gone on with where it was ended.

Every shard writes its own part into a folder beside the answer; a part that is there is whole. The
answer appears at once, when all are.
"""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from core.errors import InvalidInputError
from lambdas.batch.encoding import check_columns, read_rows
from lambdas.batch.scoring import Scorer
from lambdas.batch.shards import SHARD_ROWS, Shard, list_shards, open_shard
from lambdas.batch.source import SHARD_BYTES, look_at
from training.data.cells import quote_text

MAX_LISTED = 20
"""Failures that a report lists; the answer has them all."""

_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file.

    Attributes
    ----------
    rows, failures : int
        Rows of the answer, as many as the file has, and those without a prediction.
    warnings : int
        Rows with a warning.
    shards, resumed : int
        Parts, and those that were there from an earlier run.
    listed : list of dict
        The first `MAX_LISTED` failures: row number, field, reason.
    absent : list of str
        The contract's columns that the file does not have, read as missing.
    """

    rows: int
    failures: int
    warnings: int
    shards: int
    resumed: int
    listed: list[dict[str, Any]]
    absent: list[str]

    def to_content(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return asdict(self)


def score_file(scorer: Scorer, path: Path, to: Path, *, bundle_id: str, workers: int) -> Report:
    """Score a file.

    Parameters
    ----------
    path, to : Path
        A CSV or Parquet file, and the Parquet file to be.
    bundle_id : str
        Of the scorer's bundle: parts of another are not gone on with.
    workers : int
        Shards at a time.

    Raises
    ------
    InvalidInputError
        If the file cannot be read; one sentence.
    """
    if to.is_dir() or not to.parent.is_dir():
        raise InvalidInputError(f"{to} is no place for a file.", next_step="Name another --to.")
    written = scorer.contract.file
    source = look_at(path, written)
    plan = {
        "format": 1,
        "file": source.sha256,
        "bundle": bundle_id,
        "version": scorer.version,
        "shards": [SHARD_BYTES, SHARD_ROWS],
    }
    folder = to.with_name(f".{to.name}.parts")
    _prepare(folder, plan)
    parts: list[Path] = []
    absent: list[str] = []
    resumed = 0
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for part, was_there, lacking in _run(
            pool, scorer, list_shards(source, written), folder, name=path.name, ahead=workers
        ):
            parts.append(part)
            resumed += was_there
            absent = lacking or absent
    report = _finish(parts, to, folder)
    return Report(*report[:3], len(parts), resumed, report[3], absent)


def _prepare(folder: Path, plan: dict[str, Any]) -> None:
    """Keep the folder of an earlier run of the same file and model; begin anew otherwise."""
    body = json.dumps(plan, sort_keys=True)
    place = folder / _PLAN
    if place.is_file() and place.read_text("utf-8") == body:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    place.write_text(body, "utf-8")


Done = tuple[Path, bool, list[str]]


def _run(
    pool: ThreadPoolExecutor,
    scorer: Scorer,
    shards: Iterator[Shard],
    folder: Path,
    *,
    name: str,
    ahead: int,
) -> Iterator[Done]:
    """Score shards, never more than a few of them in memory."""
    waiting: list[Future[Done]] = []
    try:
        for shard in shards:
            waiting.append(pool.submit(_score, scorer, shard, folder, name))
            if len(waiting) > ahead:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for future in waiting:
            future.cancel()


def _score(scorer: Scorer, shard: Shard, folder: Path, name: str) -> Done:
    part = folder / f"{shard.number:06d}.parquet"
    if part.is_file():
        return part, True, []
    contract = scorer.contract
    with open_shard(shard, contract.file, name=name) as (raw, shift):
        raw, rows = read_rows(raw, contract)  # noqa: PLW2901 - as it was found to be
        scorer.write(raw, rows, part, shift=shift)
        return part, False, check_columns(raw.columns, contract, name=name)


def _finish(
    parts: list[Path], to: Path, folder: Path
) -> tuple[int, int, int, list[dict[str, Any]]]:
    """Put the parts together, let the answer appear, and count."""
    files = ", ".join(quote_text(str(part)) for part in parts)
    whole = folder / "whole.tmp"
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 2").fetchall()
        source = f"read_parquet([{files}])"
        connection.execute(
            f"COPY (FROM {source}) TO {quote_text(str(whole))} (FORMAT parquet)"
        ).fetchall()
        counted = connection.execute(
            "SELECT count(*), count(failure),"  # noqa: S608
            f" count(*) FILTER (WHERE len(warnings) > 0) FROM {source}"
        ).fetchall()[0]
        listed = connection.execute(
            "SELECT row_number, failure_field, failure"  # noqa: S608
            f" FROM {source} WHERE failure IS NOT NULL ORDER BY row_number LIMIT {MAX_LISTED}"
        ).fetchall()
    whole.replace(to)
    shutil.rmtree(folder, ignore_errors=True)
    names = ("row", "field", "reason")
    return (*counted, [dict(zip(names, found, strict=True)) for found in listed])
