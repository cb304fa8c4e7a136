"""Step *score*: one shard of a batch job's file is scored."""

import json
import tempfile
from functools import lru_cache
from pathlib import Path

from core import keys
from core.batch import Job
from core.causes import describe_cause
from core.errors import ConflictError
from core.store import ObjectStore
from lambdas.batch.jobs import (
    Event,
    load_job,
    load_model,
    open_data_bucket,
    open_origin,
    read_job_id,
    read_number,
)
from lambdas.batch.scoring import Scorer, make_scorer
from lambdas.batch.shards import fetch_shard
from lambdas.batch.stretches import read_stretch


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``job``, ``first`` (of its stretch) and ``number``; write the shard's part and count.

    A shard that was scored before is left as it is. With ``failure``, what a Catch of Step
    Functions found, only note why the shard was not scored.
    """
    job_id, number = read_job_id(event), read_number(event, "number")
    store = open_data_bucket()
    if "failure" in event:
        reason = json.dumps({"reason": describe_cause(event["failure"])})
        store.put(keys.batch_fault(job_id, number), reason.encode())
    elif not store.exists(keys.batch_count(job_id, number)):
        _score(store, job_id, load_job(job_id), read_number(event, "first"), number)
    return {}


def _score(store: ObjectStore, job_id: str, job: Job, first: int, number: int) -> None:
    stretch = read_stretch(store, job_id, first)
    shard = stretch.shards[number - first]
    scorer = _compile(job.bundle_id, job.version)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.parquet"
        with fetch_shard(open_origin(job), stretch.layout, shard) as fetched:
            count = scorer.score(fetched, shard, part)
        _create(store, keys.batch_part(job_id, number), part.read_bytes())
    # The count comes last: where it is, the part is whole.
    _create(store, keys.batch_count(job_id, number), json.dumps(count.to_content()).encode())


def _create(store: ObjectStore, key: str, body: bytes) -> None:
    try:
        store.create(key, body)
    except ConflictError:
        # Another call was faster, perhaps of another version of this function: its work holds.
        return


@lru_cache(maxsize=1)
def _compile(bundle_id: str, version: int) -> Scorer:
    return make_scorer(load_model(bundle_id), version)
