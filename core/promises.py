"""A bundle's bytes, each held to the promise that its id is."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import keys
from core.errors import IntegrityError
from core.store import ObjectStore

if TYPE_CHECKING:
    from core.manifest import Manifest

BATCH_GRAPH: Final = "batch.onnx"
"""The graph written once more for many rows at a time, of those models that gain by it."""

MAX_GRAPH_BYTES: Final = 64 * 1024 * 1024
MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle."""

    bundle_id: str
    manifest: "Manifest"
    graph: bytes


def get_manifest(store: ObjectStore, bundle_id: str) -> bytes:
    """Read a manifest's bytes, or raise `IntegrityError` if the id is not their hash."""
    body = store.get(keys.bundle_manifest(bundle_id), max_bytes=MAX_MANIFEST_BYTES).body
    if hashlib.sha256(body).hexdigest() != bundle_id:
        raise IntegrityError(f"The manifest of bundle {bundle_id[:12]} does not have its hash.")
    return body


def get_graph(store: ObjectStore, bundle_id: str, manifest: "Manifest") -> bytes:
    """Read a graph, or raise `IntegrityError` if it is not the one of its manifest."""
    graph = store.get(keys.bundle_graph(bundle_id), max_bytes=MAX_GRAPH_BYTES).body
    check_graph(graph, manifest)
    return graph


def check_graph(graph: bytes, manifest: "Manifest") -> None:
    """Raise `IntegrityError` if a graph is not the one of its manifest."""
    if len(graph) != manifest.graph_size_bytes:
        raise IntegrityError(
            f"The graph has {len(graph)} bytes; its manifest promises {manifest.graph_size_bytes}."
        )
    if hashlib.sha256(graph).hexdigest() != manifest.graph_sha256:
        raise IntegrityError("The graph does not have the hash that its manifest promises.")
