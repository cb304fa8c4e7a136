"""The plan of a batch job, stretch by stretch, as objects in the data bucket.

A stretch is as many shards as one state of the workflow may hold; so a file of any length is cut
by calls of a bounded length, each going on where the one before ended.
"""

import json
from dataclasses import asdict, astuple
from typing import Any

from core import keys
from core.store import ObjectStore
from lambdas.batch.cutting import Cursor
from lambdas.batch.layout import Layout, Shard
from lambdas.batch.shards import Stretch

STRETCH_SHARDS = 500


def write_stretch(store: ObjectStore, job_id: str, first: int, stretch: Stretch) -> None:
    """Write a stretch, where its like is not there already; `first` is its first shard's number."""
    layout = asdict(stretch.layout) | {"header": stretch.layout.header.decode("latin-1")}
    document = {
        "layout": layout,
        "shards": [astuple(shard) for shard in stretch.shards],
        "following": astuple(stretch.following) if stretch.following else None,
    }
    store.create(keys.batch_plan(job_id, first), json.dumps(document).encode())


def read_stretch(store: ObjectStore, job_id: str, first: int) -> Stretch:
    """Read a stretch; `NotFoundError` if it was not cut yet."""
    document: dict[str, Any] = json.loads(store.get(keys.batch_plan(job_id, first)).body)
    layout = document["layout"] | {"header": document["layout"]["header"].encode("latin-1")}
    following = document["following"]
    return Stretch(
        Layout(**layout),
        [Shard(*shard) for shard in document["shards"]],
        Cursor(*following) if following else None,
    )
