"""A bundle: what training publishes and inference loads.

A graph, a manifest, the files that let MLflow load the graph (`core.mlmodel`), and, of some trees,
the same graph once more for batch scoring. The manifest holds the hash of every other file, and the
bundle's id is the hash of the manifest's bytes, so an id promises every byte of all of them; the
promises are checked before anything is parsed.
"""

import hashlib
from collections.abc import Mapping

from pydantic import ValidationError

from core import keys
from core.errors import IntegrityError
from core.manifest import (
    Manifest,
    Parity,
    PredictionInterval,
    Provenance,
)
from core.mlmodel import GRAPH
from core.promises import (
    BATCH_GRAPH,
    MAX_GRAPH_BYTES,
    MAX_MANIFEST_BYTES,
    Bundle,
    check_graph,
    get_graph,
    get_manifest,
)
from core.store import ObjectStore
from core.strict_json import describe_place, describe_rule

__all__ = [
    "BATCH_GRAPH",
    "MAX_GRAPH_BYTES",
    "MAX_MANIFEST_BYTES",
    "Bundle",
    "Manifest",
    "Parity",
    "PredictionInterval",
    "Provenance",
    "hash_files",
    "load_batch_bundle",
    "load_bundle",
    "load_files",
    "load_manifest",
    "publish_bundle",
]


def publish_bundle(
    store: ObjectStore,
    *,
    graph: bytes,
    manifest: Manifest,
    files: Mapping[str, bytes] | None = None,
) -> str:
    """Write a bundle and return its id. Publishing the same bundle again changes nothing.

    Parameters
    ----------
    files : mapping of str to bytes, optional
        What belongs beside the graph; see `core.mlmodel.describe_mlflow_model`.

    Raises
    ------
    IntegrityError
        If the graph or a file is not the one that the manifest promises, or it is too large.
    UnavailableError
        If the bucket does not answer.
    """
    check_graph(graph, manifest)
    beside = dict(files or {})
    if manifest.files and hash_files(beside | {GRAPH: graph}) != manifest.files:
        raise IntegrityError("The files of the bundle are not those that its manifest promises.")
    body = manifest.to_json()
    if len(body) > MAX_MANIFEST_BYTES:
        raise IntegrityError(
            f"The manifest has {len(body)} bytes; at most {MAX_MANIFEST_BYTES} are allowed."
        )
    bundle_id = hashlib.sha256(body).hexdigest()
    # The manifest goes last: who finds one can rely on the graph beside it.
    store.create(keys.bundle_graph(bundle_id), graph)
    for name, content in sorted(beside.items()):
        store.create(keys.bundle_file(bundle_id, name), content)
    store.create(keys.bundle_manifest(bundle_id), body)
    return bundle_id


def load_manifest(store: ObjectStore, bundle_id: str) -> Manifest:
    """Read a bundle's manifest; see `load_bundle` for the errors."""
    body = get_manifest(store, bundle_id)
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise IntegrityError(
            f"The manifest of bundle {bundle_id[:12]} is not one that this version reads, at "
            f"{describe_place(first['loc'])}: {describe_rule(first)}.",
            next_step="Train again with this version of the project.",
        ) from None


def load_bundle(store: ObjectStore, bundle_id: str) -> Bundle:
    """Read a bundle and verify every byte of it before any is parsed.

    Raises
    ------
    NotFoundError
        If there is none of this id.
    IntegrityError
        If the manifest or the graph is too large, or not what the id promises.
    UnavailableError
        If the bucket does not answer.
    """
    manifest = load_manifest(store, bundle_id)
    return Bundle(bundle_id, manifest, get_graph(store, bundle_id, manifest))


def load_batch_bundle(store: ObjectStore, bundle_id: str) -> Bundle:
    """Read a bundle with the graph that answers many rows soonest; otherwise as `load_bundle`."""
    manifest = load_manifest(store, bundle_id)
    promised = manifest.files.get(BATCH_GRAPH)
    if promised is None:
        return Bundle(bundle_id, manifest, get_graph(store, bundle_id, manifest))
    return Bundle(bundle_id, manifest, _get_file(store, bundle_id, BATCH_GRAPH, promised))


def load_files(store: ObjectStore, bundle_id: str) -> dict[str, bytes]:
    """Read every file of a bundle by its name, each verified; see `load_bundle` for the errors."""
    bundle = load_bundle(store, bundle_id)
    found = {GRAPH: bundle.graph, "manifest.json": bundle.manifest.to_json()}
    for name, promised in sorted(bundle.manifest.files.items()):
        if name != GRAPH:
            found[name] = _get_file(store, bundle_id, name, promised)
    return found


def _get_file(store: ObjectStore, bundle_id: str, name: str, promised: str) -> bytes:
    key = keys.bundle_file(bundle_id, name)
    limit = MAX_GRAPH_BYTES if name == BATCH_GRAPH else MAX_MANIFEST_BYTES
    body = store.get(key, max_bytes=limit).body
    if hashlib.sha256(body).hexdigest() != promised:
        raise IntegrityError(f"{key} does not have the hash that its manifest promises.")
    return body


def hash_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file, as `Manifest.files` has them."""
    return {name: hashlib.sha256(body).hexdigest() for name, body in sorted(files.items())}
