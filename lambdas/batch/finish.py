"""Step *finish*: a batch job's parts are counted, and what is missing is listed."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from core import keys
from core.batch import JobReport, Missing
from core.causes import describe_cause
from core.errors import NotFoundError
from core.store import ObjectStore
from lambdas.batch.answer import add_up
from lambdas.batch.jobs import Event, open_data_bucket, read_job_id
from lambdas.batch.layout import Shard
from lambdas.batch.scoring import Count
from lambdas.batch.stretches import read_stretch

UNKNOWN = "it was not scored, and nothing was noted: see the logs of the function"
_AT_ONCE = 16  # objects that are read at the same time


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``job``; write its report, and return its state.

    With ``failure``, what a Catch of Step Functions found, the file was not cut.
    """
    job_id, store = read_job_id(event), open_data_bucket()
    if "failure" in event:
        report = JobReport(state="failed", reason=describe_cause(event["failure"]))
    else:
        report = _report(store, job_id)
    store.put(keys.batch_job(job_id, "report.json"), report.model_dump_json().encode())
    return {"state": report.state}


def _report(store: ObjectStore, job_id: str) -> JobReport:
    shards = list(_read_shards(store, job_id))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda shard: _read_count(store, job_id, shard.number), shards))
        lost = [shard for shard, count in zip(shards, found, strict=True) if count is None]
        missing = list(pool.map(lambda shard: _describe(store, job_id, shard), lost))
    total = add_up(count for count in found if count is not None)
    return JobReport(
        state="incomplete" if missing else "complete",
        rows=total.rows,
        failures=total.failures,
        warnings=total.warnings,
        shards=len(shards),
        listed=total.listed,
        absent=total.absent,
        missing=missing,
    )


def _read_shards(store: ObjectStore, job_id: str) -> Iterator[Shard]:
    for info in store.list(keys.batch_folder(job_id, "plans")):
        first = int(info.key.rpartition("/")[2].removesuffix(".json"))
        yield from read_stretch(store, job_id, first).shards


def _read_count(store: ObjectStore, job_id: str, number: int) -> Count | None:
    try:
        return Count(**json.loads(store.get(keys.batch_count(job_id, number)).body))
    except NotFoundError:
        return None


def _describe(store: ObjectStore, job_id: str, shard: Shard) -> Missing:
    try:
        found = json.loads(store.get(keys.batch_fault(job_id, shard.number)).body)
    except NotFoundError:
        found = {"reason": UNKNOWN}
    return Missing(
        shard=shard.number, first_row=shard.first_row, rows=shard.rows, reason=found["reason"]
    )
