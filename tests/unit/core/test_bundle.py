import hashlib
import json
from typing import Any

import pytest
from pydantic import ValidationError

from core import bundle, keys, promises
from core.bundle import (
    BATCH_GRAPH,
    Manifest,
    hash_files,
    load_batch_bundle,
    load_bundle,
    load_files,
    load_manifest,
    publish_bundle,
)
from core.contract import Task
from core.errors import IntegrityError, NotFoundError
from core.store import Bucket, open_memory
from core.strict_json import canonical_json
from tests.fixtures.bundles import make_bundle, make_contract, make_graph, make_manifest

CONTRACT = make_contract()
GRAPH = make_graph(CONTRACT)
MANIFEST = make_manifest(CONTRACT, GRAPH)


@pytest.fixture
def store() -> Bucket:
    return open_memory()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_bundle_is_the_same_when_published_and_loaded(store: Bucket, task: Task) -> None:
    contract = make_contract(task=task)
    graph = make_graph(contract)
    manifest = make_manifest(contract, graph)
    bundle_id = publish_bundle(store, graph=graph, manifest=manifest)
    found = load_bundle(store, bundle_id)
    assert found.bundle_id == bundle_id
    assert found.manifest == manifest == load_manifest(store, bundle_id)
    assert found.graph == graph


def test_id_is_the_hash_of_the_manifest_and_stays_when_published_again(store: Bucket) -> None:
    first = make_bundle(store, CONTRACT)
    assert make_bundle(store, CONTRACT) == first
    body = store.get(keys.bundle_manifest(first)).body
    assert hashlib.sha256(body).hexdigest() == first
    assert b" " not in body.replace(b"a test", b"")
    assert make_bundle(store, CONTRACT, bias=1.0) != first


def test_rejects_graph_that_the_manifest_does_not_promise(store: Bucket) -> None:
    for graph in (GRAPH + b"x", GRAPH[:-1] + b"x"):
        with pytest.raises(IntegrityError):
            publish_bundle(store, graph=graph, manifest=MANIFEST)
    assert list(store.list("bundles/")) == []


def test_rejects_missing_bundle(store: Bucket) -> None:
    with pytest.raises(NotFoundError):
        load_bundle(store, "a" * 64)


@pytest.mark.parametrize("part", ["graph", "manifest"])
@pytest.mark.parametrize("damage", [b"", b"x", b"\0"])
def test_rejects_damaged_part_before_parsing(
    store: Bucket, part: str, damage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle_id = make_bundle(store, CONTRACT)
    key = keys.bundle_graph(bundle_id) if part == "graph" else keys.bundle_manifest(bundle_id)
    store.put(key, damage + store.get(key).body[1:])
    if part == "manifest":
        monkeypatch.setattr(Manifest, "model_validate_json", pytest.fail)
    with pytest.raises(IntegrityError):
        load_bundle(store, bundle_id)


@pytest.mark.parametrize("limit", ["MAX_GRAPH_BYTES", "MAX_MANIFEST_BYTES"])
def test_rejects_part_over_the_limit(
    store: Bucket, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle_id = make_bundle(store, CONTRACT)
    monkeypatch.setattr(promises, limit, 10)
    with pytest.raises(IntegrityError, match="at most 10 are allowed"):
        load_bundle(store, bundle_id)


def test_rejects_manifest_over_the_limit_when_publishing(
    store: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_MANIFEST_BYTES", 10)
    with pytest.raises(IntegrityError, match="at most 10 are allowed"):
        publish_bundle(store, graph=GRAPH, manifest=MANIFEST)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"model": "other"},
        {"decision_threshold": None},
        {"decision_threshold": 1.5},
        {"graph_size_bytes": 0},
        {"graph_size_bytes": bundle.MAX_GRAPH_BYTES + 1},
        {"graph_sha256": "x"},
        {"calibration": "magic"},
        {"interval": {"coverage": 0.9, "half_width": 1.0}},
        {"metric_intervals": {"loss": [0.1]}},
        {"metrics": {"loss": None}},
        {"unknown": 1},
    ],
)
def test_rejects_manifest_of_another_form(store: Bucket, change: dict[str, Any]) -> None:
    body = canonical_json({**json.loads(MANIFEST.to_json()), **change})
    bundle_id = hashlib.sha256(body).hexdigest()
    store.put(keys.bundle_manifest(bundle_id), body)
    store.put(keys.bundle_graph(bundle_id), GRAPH)
    with pytest.raises(IntegrityError, match="not one that this version reads") as caught:
        load_bundle(store, bundle_id)
    assert caught.value.next_step


def test_rejects_a_calibration_when_there_are_no_probabilities() -> None:
    content = {
        **MANIFEST.model_dump(),
        "contract": make_contract(task="regression").model_dump(),
        "decision_threshold": None,
        "calibration": "sigmoid",
    }
    with pytest.raises(ValidationError, match="only probabilities are calibrated"):
        Manifest.model_validate(content)


def test_rejects_threshold_when_model_is_not_binary() -> None:
    content = {
        **MANIFEST.model_dump(),
        "contract": make_contract(task="regression").model_dump(),
    }
    with pytest.raises(ValidationError, match="decision_threshold"):
        Manifest.model_validate(content)


FILES = {"MLmodel": b"flavors: {}", "requirements.txt": b"mlflow"}


def make_manifest_with_files() -> Manifest:
    hashes = hash_files({**FILES, "model.onnx": GRAPH})
    return Manifest.model_validate(MANIFEST.model_dump() | {"files": hashes})


def test_every_file_of_a_bundle_is_kept_and_verified(store: Bucket) -> None:
    manifest = make_manifest_with_files()
    bundle_id = publish_bundle(store, graph=GRAPH, manifest=manifest, files=FILES)
    found = load_files(store, bundle_id)
    assert found == {**FILES, "model.onnx": GRAPH, "manifest.json": manifest.to_json()}
    store.put(keys.bundle_file(bundle_id, "MLmodel"), b"flavors: {x: y}")
    with pytest.raises(IntegrityError, match="MLmodel does not have the hash"):
        load_files(store, bundle_id)
    assert load_bundle(store, bundle_id).graph == GRAPH


def test_batch_takes_the_graph_that_was_made_for_it_where_there_is_one(store: Bucket) -> None:
    batch_graph = make_graph(CONTRACT, bias=1.0)
    hashes = hash_files({"model.onnx": GRAPH, BATCH_GRAPH: batch_graph})
    manifest = Manifest.model_validate(MANIFEST.model_dump() | {"files": hashes})
    bundle_id = publish_bundle(
        store, graph=GRAPH, manifest=manifest, files={BATCH_GRAPH: batch_graph}
    )
    assert load_batch_bundle(store, bundle_id).graph == batch_graph
    assert load_bundle(store, bundle_id).graph == GRAPH
    store.put(keys.bundle_file(bundle_id, BATCH_GRAPH), batch_graph[:-1] + b"x")
    with pytest.raises(IntegrityError, match=r"batch\.onnx does not have the hash"):
        load_batch_bundle(store, bundle_id)
    alone = make_bundle(store, CONTRACT)
    assert load_batch_bundle(store, alone) == load_bundle(store, alone)


@pytest.mark.parametrize(
    "files", [{}, {"MLmodel": b"other", "requirements.txt": b"mlflow"}, {**FILES, "more": b""}]
)
def test_rejects_files_that_the_manifest_does_not_promise(
    store: Bucket, files: dict[str, bytes]
) -> None:
    manifest = make_manifest_with_files()
    with pytest.raises(IntegrityError, match="not those that its manifest promises"):
        publish_bundle(store, graph=GRAPH, manifest=manifest, files=files)
    assert list(store.list("bundles/")) == []


def test_rejects_files_with_another_graph() -> None:
    hashes = hash_files({**FILES, "model.onnx": b"another"})
    with pytest.raises(ValidationError, match="graph_sha256"):
        Manifest.model_validate(MANIFEST.model_dump() | {"files": hashes})
