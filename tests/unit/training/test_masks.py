"""The graph for batch scoring: masks in place of trees, the same answers to the last digit."""

from itertools import product
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from core.bundle import BATCH_GRAPH, load_batch_bundle, load_bundle, load_files
from core.contract import Contract, Task
from core.inputs import ModelInputs, code_inputs
from core.store import open_memory
from tests.unit.training import worlds
from tests.unit.training.test_export import fit, make_contract, make_rows
from training.data import runs
from training.data.names import CANDIDATES
from training.judge.graph import Graph
from training.model import export_masks as masks
from training.model.candidates import fit_candidate
from training.model.export import check_graph, export_graph
from training.model.export_masks import export_masks
from training.model.plant import plant_rows
from training.model.recipes import find_recipe
from training.run import run_training

EXTREMES = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4028235e38, -3.4028235e38)


def make_extremes(numbers: int, strings: int) -> ModelInputs:
    """Every combination of the extremes of three numbers; others are as the first."""
    rows = np.array(list(product(EXTREMES, repeat=min(numbers, 3))), np.float32)
    rows = np.concatenate([rows, *[rows[:, :1]] * (numbers - rows.shape[1])], axis=1)
    texts = np.array(["a", "", "ü", "never seen"], np.object_)
    picked = np.arange(len(rows) * strings).reshape(len(rows), strings) % len(texts)
    return ModelInputs(rows, texts[picked])


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(("numeric", "strings"), [(3, 2), (3, 0), (0, 2), (8, 5)])
@pytest.mark.parametrize(
    ("candidate", "leaves"), [("boosting", 3), ("boosting", 8), ("boosting", 31), ("forest", 20)]
)
def test_masks_answer_as_the_trees_to_the_last_digit(
    task: Task, numeric: int, strings: int, candidate: str, leaves: int
) -> None:
    rows = make_rows(task, numeric=numeric, strings=strings)
    parameters = {"model__max_leaf_nodes": leaves}
    contract = make_contract(task, rows)
    model = fit_candidate(find_recipe(candidate), rows, contract, seed=0, parameters=parameters)
    trees = export_graph(model)
    expected = Graph(trees)
    asked = [rows.inputs, plant_rows(model, rows.inputs)]
    if numeric:
        asked.append(make_extremes(numeric, strings))
    asked += [rows.select(np.arange(len(rows)) < count).inputs for count in (1, 2, 3, 7, 33)]
    # A contract that lists fewer categories than the model knows cannot say each one's place.
    for listed, says_places in ((None, False), (("ü", "a", "b", "c"), True), (("a",), False)):
        declared = declare(contract, listed)
        body = export_masks(trees, declared)
        assert body is not None
        check_graph(body)
        assert export_masks(trees, declared) == body
        graph = Graph(body)
        assert graph.takes_codes is (says_places and strings > 0)
        for inputs in asked:
            fed = code_inputs(inputs, declared) if graph.takes_codes else inputs
            assert graph.predict(fed).tobytes() == expected.predict(inputs).tobytes()


def declare(contract: Contract, categories: tuple[str, ...] | None) -> Contract:
    columns = [
        column.model_copy(update={"categories": categories})
        if column.kind == "categorical"
        else column
        for column in contract.columns
    ]
    return contract.model_copy(update={"columns": tuple(columns)})


@pytest.mark.parametrize("seed", range(20))
def test_masks_answer_as_any_trees(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any shape, with infinite thresholds, leaves of -0 and as many as a word has bits."""
    monkeypatch.setattr(masks, "_are_quicker", lambda *_, **__: True)
    random = np.random.default_rng(seed)
    most = int(random.choice([2, 5, 21, 22, 33, 64]))
    width = int(random.integers(1, 6))
    trees = draw_trees(random, most_leaves=most, width=width)
    body = export_masks(trees, NUMBERS)
    assert body is not None
    numbers = random.choice([*EXTREMES, *GRID], (500, width)).astype(np.float32)
    inputs = ModelInputs(numbers, np.empty((500, 0), np.object_))
    expected = Graph(trees).predict(inputs).astype(np.float32)
    assert Graph(body).predict(inputs).astype(np.float32).tobytes() == expected.tobytes()


NUMBERS = worlds.make_contract()
"""Of a graph without texts any contract will do."""

GRID = tuple(np.arange(-2, 2.5, 0.5).tolist())


def draw_trees(
    random: np.random.Generator, *, most_leaves: int, width: int, is_finite: bool = False
) -> bytes:
    """Draw a regression's trees, one of them with as many leaves as may be."""
    found: dict[str, Any] = {}
    for tree, leaves in enumerate([most_leaves, *random.integers(1, most_leaves + 1, 40).tolist()]):
        _grow(random, found, tree=tree, leaves=leaves, width=width)
    if is_finite:
        found["nodes_values"] = np.clip(found["nodes_values"], -3.4028235e38, 3.4028235e38).tolist()
    weights = random.normal(size=len(found["target_nodeids"])).astype(np.float32)
    weights[random.random(len(weights)) < 0.1] = -0.0
    node = helper.make_node(
        "TreeEnsembleRegressor", ["numeric"], ["prediction"], domain="ai.onnx.ml", n_targets=1,
        target_ids=[0] * len(weights), target_weights=weights.tolist(),
        base_values=[float(random.normal())], **found,
    )  # fmt: skip
    return _make_model(node, width)


def _grow(
    random: np.random.Generator,
    found: dict[str, Any],
    *,
    tree: int,
    leaves: int,
    width: int,
) -> None:
    """Add a tree's nodes, each before those that follow it."""
    first = len(found.setdefault("nodes_treeids", []))

    def add(leaves: int) -> int:
        place = len(found["nodes_treeids"]) - first
        is_leaf = leaves == 1
        value = 0.0 if is_leaf else random.choice([*GRID, *EXTREMES[:4], *EXTREMES[5:]])
        node = {
            "treeids": tree, "nodeids": place, "values": float(value), "truenodeids": 0,
            "falsenodeids": 0, "featureids": 0 if is_leaf else int(random.integers(width)),
            "modes": "LEAF" if is_leaf else "BRANCH_LEQ",
            "missing_value_tracks_true": 0 if is_leaf else int(random.integers(2)),
        }  # fmt: skip
        for name, each in node.items():
            found.setdefault(f"nodes_{name}", []).append(each)
        if is_leaf:
            found.setdefault("target_treeids", []).append(tree)
            found.setdefault("target_nodeids", []).append(place)
            return place
        left = int(random.integers(1, leaves))
        found["nodes_truenodeids"][first + place] = add(left)
        found["nodes_falsenodeids"][first + place] = add(leaves - left)
        return place

    add(leaves)


def _make_model(node: onnx.NodeProto, width: int) -> bytes:
    graph = helper.make_graph(
        [node],
        "drawn",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("candidate", "task"),
    [
        *((candidate, "multiclass") for candidate in CANDIDATES),
        *((candidate, "binary") for candidate in CANDIDATES if candidate != "boosting"),
    ],
)
def test_other_models_keep_their_graph(candidate: str, task: Task) -> None:
    """Several sums, no trees at all, or trees of more leaves than a word has bits."""
    rows = make_rows(task, rows=1000)
    graph = export_graph(fit(task, candidate, rows))
    assert export_masks(graph, make_contract(task, rows)) is None


@pytest.mark.parametrize(
    ("kind", "is_finite", "stays"),
    [("Abs", True, True), ("Neg", True, False), ("Neg", False, True)],
)
def test_the_negative_of_a_number_is_told_by_the_number_and_nothing_else_that_was_computed(
    monkeypatch: pytest.MonkeyPatch, *, kind: str, is_finite: bool, stays: bool
) -> None:
    monkeypatch.setattr(masks, "_are_quicker", lambda *_, **__: True)
    random = np.random.default_rng(0)
    drawn = draw_trees(random, most_leaves=9, width=3, is_finite=is_finite)
    model = onnx.load_model_from_string(drawn)
    model.graph.node[0].input[0] = "computed"
    model.graph.node.insert(0, helper.make_node(kind, ["numeric"], ["computed"]))
    trees = model.SerializeToString()
    body = export_masks(trees, NUMBERS)
    assert (body is None) is stays
    if body is not None:
        numbers = random.choice([*EXTREMES, *GRID], (500, 3)).astype(np.float32)
        inputs = ModelInputs(numbers, np.empty((500, 0), np.object_))
        np.testing.assert_array_equal(Graph(body).predict(inputs), Graph(trees).predict(inputs))


def test_trees_stay_where_so_many_columns_are_asked_for_that_masks_are_no_quicker() -> None:
    random = np.random.default_rng(0)
    rows = make_rows("regression", numeric=40)
    rows.target[:] = np.nan_to_num(rows.inputs.numeric).sum(axis=1) + random.normal(size=len(rows))
    contract = make_contract("regression", rows)
    parameters = {"model__max_leaf_nodes": 31, "model__min_samples_leaf": 2}
    model = fit_candidate(find_recipe("boosting"), rows, contract, seed=0, parameters=parameters)
    assert export_masks(export_graph(model), contract) is None


def test_trees_stay_where_masks_would_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows("binary")
    graph, contract = export_graph(fit("binary", "boosting", rows)), make_contract("binary", rows)
    assert export_masks(graph, contract) is not None
    monkeypatch.setattr(masks, "_MAX_BYTES", 10_000)
    assert export_masks(graph, contract) is None


def test_a_trained_boosting_has_a_proven_graph_for_batch_in_its_bundle() -> None:
    store, contract = open_memory(), worlds.make_contract()
    key = worlds.land(store, worlds.to_csv(worlds.make_crossed_rows()), contract)
    assert run_training(store, raw_key=key, run_id="r", budget="tiny").version == 1
    evaluation = runs.load_evaluation(store, "r")
    assert evaluation.candidate == "boosting"
    assert evaluation.batch_rows == evaluation.parity.rows > 100
    assert evaluation.unlike_batch_rows == 0
    served, batch = (load(store, evaluation.bundle_id) for load in (load_bundle, load_batch_bundle))
    assert batch.manifest == served.manifest
    assert load_files(store, evaluation.bundle_id)[BATCH_GRAPH] == batch.graph != served.graph
