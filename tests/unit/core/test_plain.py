import json
from typing import Any, get_args

import pytest

from core import plain, plain_records
from core.contract import Column, Contract, Policies, Task
from core.contract_view import ContractView
from core.inputs import Encoder
from core.manifest import Manifest, PredictionInterval
from core.records import AliasState, DefaultModel, ModelVersion
from core.registry import Registry
from core.store import open_memory
from tests.fixtures.bundles import (
    make_champion,
    make_contract,
    make_graph,
    make_manifest,
    make_record,
)

VIEWS = [name for name, found in vars(ContractView).items() if isinstance(found, property)]


def make(task: Task = "binary") -> Manifest:
    contract = make_contract(
        task=task, policies=Policies(unseen_category="as_missing", out_of_range="clip"),
        missing=("unknown",),
    )  # fmt: skip
    return make_manifest(contract, make_graph(contract))


def test_fields_are_those_of_the_records() -> None:
    assert set(Manifest.model_fields) == plain.MANIFEST_FIELDS
    assert set(plain_records.PlainManifest._fields) - {"body"} <= set(Manifest.model_fields)
    for record, fields in (
        (Contract, plain_records.PlainContract._fields),
        (Column, plain_records.PlainColumn._fields),
        (Policies, plain_records.PlainPolicies._fields),
        (PredictionInterval, plain_records.PlainInterval._fields),
        (AliasState, plain_records.PlainAlias._fields),
        (ModelVersion, plain_records.PlainVersion._fields),
    ):
        assert tuple(record.model_fields) == fields
    assert set(DefaultModel.model_fields) == {"model"}


@pytest.mark.parametrize("task", get_args(Task))
def test_manifest_is_read_as_the_record_is(task: Task) -> None:
    wanted = make(task)
    found = plain.read_manifest(wanted.to_json())
    assert found is not None
    for name in ("model", "candidate", "graph_sha256", "graph_size_bytes", "decision_threshold",
                 "metrics", "baseline_metrics", "prior"):  # fmt: skip
        assert getattr(found, name) == getattr(wanted, name)
    assert (found.interval is None) == (wanted.interval is None)
    for name in set(Contract.model_fields) - {"columns", "policies", "file"}:
        assert getattr(found.contract, name) == getattr(wanted.contract, name)
    for name in Policies.model_fields:
        assert getattr(found.contract.policies, name) == getattr(wanted.contract.policies, name)
    for view in [*VIEWS, "columns"]:
        ours, theirs = getattr(found.contract, view), getattr(wanted.contract, view)
        if view == "missing_markers":
            assert ours == theirs
            continue
        assert [tuple(column) for column in ours] == [
            tuple(getattr(column, name) for name in Column.model_fields) for column in theirs
        ]


def test_record_is_encoded_alike() -> None:
    wanted = make()
    found = plain.read_manifest(wanted.to_json())
    assert found is not None
    records = [make_record(), {"age": 200, "plan": "odd", "usage": None, "active": None}] * 4
    ours, our_warnings = Encoder(found.contract).encode_records(records)
    theirs, their_warnings = Encoder(wanted.contract).encode_records(records)
    assert ours.numeric.tobytes() == theirs.numeric.tobytes()
    assert ours.strings.tolist() == theirs.strings.tolist()
    assert our_warnings == their_warnings


def change(content: Any, path: str, value: object) -> None:  # noqa: ANN401 - JSON
    *parents, last = path.split(".")
    for parent in parents:
        content = content[int(parent) if parent.isdigit() else parent]
    if value is ...:
        del content[last]
    else:
        content[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("surprise", 1), ("profile", ...), ("format", 2), ("model", "other"), ("model", "A b"),
        ("graph_sha256", "x"), ("graph_size_bytes", 0), ("graph_size_bytes", True),
        ("decision_threshold", 1.5), ("decision_threshold", None), ("metrics", {"a": "1"}),
        ("metrics", {"a": float("nan")}), ("prior", [1.0]), ("prior", ["a", "b"]),
        ("interval", {"coverage": 2.0, "half_width": 1.0}), ("contract", []),
        ("contract.classes", ["No"]), ("contract.classes", []), ("contract.task", "ranking"),
        ("contract.columns", []), ("contract.columns.0.kind", "date"),
        ("contract.columns.0.nullable", 1), ("contract.columns.0.minimum", "0"),
        ("contract.columns.0.surprise", 1), ("contract.columns.1.categories", [1]),
        ("contract.policies", {}), ("contract.policies.out_of_range", "drop"),
        ("contract.missing", [1]), ("contract.surprise", 1),
    ],
)  # fmt: skip
def test_what_is_not_plainly_a_manifest_is_left_to_the_record(path: str, value: object) -> None:
    content = json.loads(make().to_json())
    change(content, path, value)
    assert plain.read_manifest(json.dumps(content).encode()) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 5000])
def test_what_is_no_object_is_left_to_the_records(body: bytes) -> None:
    assert plain.read_manifest(body) is None
    assert plain.read_alias(body, "e") is None
    assert plain.read_version(body) is None
    assert plain.read_default(body) is None


def test_records_of_the_registry_are_read_as_the_records_are() -> None:
    store = open_memory()
    make_champion(store, make_contract())
    registry = Registry(store)
    alias, version = registry.alias("subscriptions"), registry.version("subscriptions", 1)
    assert alias is not None
    found_alias = plain.read_alias(alias.to_json(), alias.etag)
    found_version = plain.read_version(version.to_json())
    for wanted, found, times in (
        (alias, found_alias, {"changed_at"}),
        (version, found_version, {"registered_at"}),
    ):
        for name in set(type(wanted).model_fields) - times:
            assert getattr(found, name) == getattr(wanted, name)
    assert plain.read_default(DefaultModel(model="a").to_json()) == "a"


@pytest.mark.parametrize(
    ("name", "value"),
    [("version", 0), ("version", "1"), ("alias", "other"), ("share", 2.0), ("more", 1),
     ("previous_version", True), ("experiment", 1), ("promoted", False), ("promoted", 1)],
)  # fmt: skip
def test_what_is_not_plainly_an_alias_is_left_to_the_record(name: str, value: object) -> None:
    store = open_memory()
    make_champion(store, make_contract())
    alias = Registry(store).alias("subscriptions")
    assert alias is not None
    content = json.loads(alias.to_json()) | {name: value}
    assert plain.read_alias(json.dumps(content).encode(), "e") is None
