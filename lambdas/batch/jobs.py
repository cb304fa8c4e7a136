"""What the functions of a batch job take from their events and their surroundings."""

import os
from collections.abc import Mapping
from functools import cache, lru_cache

from core import keys
from core.batch import Job
from core.bundle import Bundle, load_batch_bundle
from core.errors import InvalidInputError
from core.store import Bucket, open_bucket
from lambdas.batch.origin import ObjectOrigin

Event = Mapping[str, object]


@cache
def open_data_bucket() -> Bucket:
    """Open the bucket that the environment variable BUCKET names; once in a process."""
    return open_bucket(os.environ["BUCKET"])


def read_job_id(event: Event) -> str:
    """Return the job's name; `InvalidInputError` if there is none."""
    job_id = event.get("job")
    if not isinstance(job_id, str):
        raise InvalidInputError('The input names no job, as in {"job": "b0123"}.')
    return keys.check_id(job_id)


def read_number(event: Event, name: str) -> int:
    """Return a whole number of an event, -1 or above; see `read_job_id`."""
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < -1:
        raise InvalidInputError(f"The input has no whole number {name!r}.")
    return value


@lru_cache(maxsize=4)
def load_job(job_id: str) -> Job:
    """Read what a job scores; it never changes."""
    return Job.from_json(open_data_bucket().get(keys.batch_job(job_id, "job.json")).body)


@lru_cache(maxsize=1)
def load_model(bundle_id: str) -> Bundle:
    """Load a bundle, verified; the last one is kept."""
    return load_batch_bundle(open_data_bucket(), bundle_id)


def open_origin(job: Job) -> ObjectOrigin:
    """Return where a job's file lies."""
    return ObjectOrigin(open_data_bucket(), job.key, job.etag, job.size_bytes)
