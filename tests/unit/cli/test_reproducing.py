import json
from typing import Any

import pytest

from core.bundle import Manifest, load_bundle, load_files, publish_bundle
from core.mlmodel import GRAPH
from core.registry import Registry
from core.store import Bucket, open_memory
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import FOLDERS, World, copy
from tests.unit.training.worlds import land, make_contract, make_rows, to_csv
from training.run import run_training


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    store = open_memory()
    raw_key = land(store, to_csv(make_rows()), make_contract())
    assert run_training(store, raw_key=raw_key, run_id="run-1", seed=5).version == 1
    return store


@pytest.fixture
def trained(world: World, bucket: Bucket) -> Manifest:
    copy(bucket, world.memory)
    registry = Registry(world.memory)
    return load_bundle(world.memory, registry.version("small", 1).bundle_id).manifest


def keys_of(world: World) -> list[str]:
    return [info.key + info.etag for folder in FOLDERS for info in world.memory.list(folder)]


def register_changed(world: World, manifest: Manifest, **changes: Any) -> None:  # noqa: ANN401
    """Register version 2, of a bundle that nobody could have trained."""
    first = Registry(world.memory).version("small", 1)
    files = load_files(world.memory, first.bundle_id)
    graph = files.pop(GRAPH)
    del files["manifest.json"]
    bundle_id = publish_bundle(
        world.memory, graph=graph, manifest=manifest.model_copy(update=changes), files=files
    )
    Registry(world.memory).register(
        model="small", bundle_id=bundle_id, run_id="run-1", candidate=first.candidate,
        dataset_version=first.dataset_version, metrics=first.metrics,
    )  # fmt: skip


@pytest.mark.usefixtures("trained")
def test_a_version_is_reproduced_byte_for_byte_and_nothing_is_written(
    loop: Loop, world: World
) -> None:
    before = keys_of(world)
    result = loop("reproduce", "1", "--model", "small", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["reproduced"] is True
    assert document["verdict"] == "Version 1 of small is reproduced byte for byte."
    assert set(document["files"]) == {
        "MLmodel", "conda.yaml", "input_example.json", "manifest.json", "model.onnx",
        "python_env.yaml", "requirements.txt",
    }  # fmt: skip
    assert all(document["files"].values())
    assert document["different_making"] == document["different_numbers"] == []
    assert "fitting boosting" in result.stderr
    assert keys_of(world) == before


def test_says_that_other_code_made_it_and_that_the_graph_is_the_same(
    loop: Loop, world: World, trained: Manifest
) -> None:
    made = trained.provenance.model_copy(
        update={"code_sha256": "c" * 64, "locks": trained.provenance.locks | {"fit": "1" * 64}}
    )
    register_changed(world, trained, provenance=made)
    result = loop("reproduce", "2", "--model", "small")
    assert result.exit_code == 1
    assert (
        "Version 2 of small is not reproduced. Different here: code, lock files. The graph and all"
        " numbers are the same."
    ) in result.stderr
    assert "check out the version of the project that trained it" in result.stderr
    assert "cccccccccccc…" in result.stdout


def test_says_which_number_came_out_differently(
    loop: Loop, world: World, trained: Manifest
) -> None:
    register_changed(world, trained, metrics=trained.metrics | {"roc_auc": 0.123456})
    result = loop("reproduce", "2", "--model", "small", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["same_graph"] is True
    assert document["different_numbers"] == [
        {"place": "metrics.roc_auc", "recorded": 0.123456, "here": trained.metrics["roc_auc"]}
    ]
    assert document["verdict"].endswith("All it was made of is the same. The graph is the same.")


@pytest.mark.usefixtures("trained")
def test_rejects_a_version_that_is_not_there(loop: Loop) -> None:
    result = loop("reproduce", "7", "--model", "small")
    assert result.exit_code == 3
    assert "small has no version 7." in result.stderr


def test_says_so_when_the_run_is_not_kept_any_more(
    loop: Loop, world: World, trained: Manifest
) -> None:
    first = Registry(world.memory).version("small", 1)
    Registry(world.memory).register(
        model="small", bundle_id=first.bundle_id, run_id="gone", candidate=trained.candidate,
        dataset_version=first.dataset_version, metrics=first.metrics,
    )  # fmt: skip
    result = loop("reproduce", "2", "--model", "small")
    assert result.exit_code == 3
    assert "Version 2 of small cannot be trained again" in result.stderr
