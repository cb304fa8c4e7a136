"""Step *plan*: the next stretch of a batch job's file is cut into shards."""

from core.errors import InvalidInputError, NotFoundError
from lambdas.batch.cutting import cut_csv
from lambdas.batch.encoding import check_columns
from lambdas.batch.jobs import (
    Event,
    load_job,
    load_model,
    open_data_bucket,
    open_origin,
    read_job_id,
    read_number,
)
from lambdas.batch.shards import Stretch, begin_cutting, list_columns
from lambdas.batch.stretches import STRETCH_SHARDS, read_stretch, write_stretch


def handler(event: Event, _context: object) -> dict[str, object]:
    """Take ``job`` and ``after``, the first shard of the stretch before (-1: there is none).

    Returns the stretch: the number of its ``first`` shard, all ``numbers``, and whether there is
    ``more`` of the file. What was cut before is not cut again.
    """
    job_id, after = read_job_id(event), read_number(event, "after")
    store = open_data_bucket()
    before = read_stretch(store, job_id, after) if after >= 0 else None
    first = 0 if before is None else after + len(before.shards)
    try:
        stretch = read_stretch(store, job_id, first)
    except NotFoundError:
        stretch = _cut(job_id, before)
        write_stretch(store, job_id, first, stretch)
    numbers = [shard.number for shard in stretch.shards]
    return {"first": first, "numbers": numbers, "more": stretch.following is not None}


def _cut(job_id: str, before: Stretch | None) -> Stretch:
    job = load_job(job_id)
    origin = open_origin(job)
    contract = load_model(job.bundle_id).manifest.contract
    written = contract.file
    if before is None:
        begun = begin_cutting(origin, written, at_most=STRETCH_SHARDS)
        # What each shard would be refused for is said once, before any is scored.
        columns = list_columns(origin, begun.layout, written)
        check_columns(columns, contract, name=origin.name)
        return begun
    if before.following is None:
        raise InvalidInputError(f"The plan of job {job_id} has come to its end.")
    stretch = Stretch(
        *cut_csv(origin, written, before.layout, before.following, at_most=STRETCH_SHARDS)
    )
    if stretch.layout != before.layout:
        raise InvalidInputError(
            f"{origin.name} begins in UTF-8 and goes on in {stretch.layout.encoding}.",
            next_step="Save the file in UTF-8.",
        )
    return stretch
