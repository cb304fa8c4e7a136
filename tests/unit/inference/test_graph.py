import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    SparseTensorProto,
    TensorProto,
    helper,
    numpy_helper,
)

from core.bundle import Bundle
from core.errors import IntegrityError
from core.onnx_runtime import onnxruntime
from lambdas.inference.graph import check_graph
from lambdas.inference.predictor import Predictor
from tests.fixtures.bundles import make_contract, make_graph, make_manifest


def load() -> ModelProto:
    return onnx.load_model_from_string(make_graph(make_contract()))


def write(model: ModelProto) -> bytes:
    return bytes(model.SerializeToString())


def make_external() -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "outside")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_own_graphs_are_taken(task: str) -> None:
    check_graph(make_graph(make_contract(task=task)))  # type: ignore[arg-type]


def test_trees_with_many_numbers_are_taken() -> None:
    model = load()
    numbers = np.random.default_rng(0).normal(size=5000).tolist()
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml",
        nodes_values=numbers, nodes_featureids=[*range(300), 2**40, -1],
        nodes_modes=["BRANCH_LEQ", "LEAF", "BRANCH_LT"] * 100,
    )  # fmt: skip
    model.graph.node.append(node)
    check_graph(write(model))


def test_rejects_operator_of_another_domain() -> None:
    model = load()
    model.graph.node.append(helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft"))
    with pytest.raises(IntegrityError, match="domain"):
        check_graph(write(model))


def test_rejects_import_of_another_domain() -> None:
    model = load()
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    with pytest.raises(IntegrityError, match="domain"):
        check_graph(write(model))


def test_rejects_functions() -> None:
    model = load()
    function = helper.make_function("own", "F", ["x"], ["y"], [], [helper.make_opsetid("", 17)])
    model.functions.append(function)
    with pytest.raises(IntegrityError, match="functions"):
        check_graph(write(model))


def make_sparse() -> SparseTensorProto:
    return SparseTensorProto(values=make_external())


def make_inner() -> GraphProto:
    return helper.make_graph([], "inner", [], [], [make_external()])


@pytest.mark.parametrize("place", ["initializer", "sparse_initializer"])
def test_rejects_data_outside_of_the_graph(place: str) -> None:
    model = load()
    make = make_external if place == "initializer" else make_sparse
    getattr(model.graph, place).append(make())
    with pytest.raises(IntegrityError, match=r"outside|sparse"):
        check_graph(write(model))


@pytest.mark.parametrize(
    "attribute",
    [
        AttributeProto(t=make_external()),
        AttributeProto(tensors=[make_external()]),
        AttributeProto(g=make_inner()),
        AttributeProto(graphs=[make_inner()]),
        AttributeProto(sparse_tensor=make_sparse()),
        AttributeProto(sparse_tensors=[make_sparse()]),
    ],
    ids=["tensor", "tensors", "graph", "graphs", "sparse tensor", "sparse tensors"],
)
def test_rejects_data_outside_of_the_graph_in_any_attribute(attribute: AttributeProto) -> None:
    model = load()
    node = helper.make_node("Any", ["x"], ["y"])
    node.attribute.append(attribute)
    model.graph.node.append(node)
    with pytest.raises(IntegrityError, match=r"outside|sparse"):
        check_graph(write(model))


def test_rejects_graph_that_nests_too_deeply() -> None:
    model = load()
    inner = helper.make_graph([], "inner", [], [])
    for _ in range(12):
        node = helper.make_node("If", ["x"], ["y"], then_branch=inner)
        inner = helper.make_graph([node], "inner", [], [])
    model.graph.node.extend(inner.node)
    with pytest.raises(IntegrityError, match="deeply"):
        check_graph(write(model))


def test_rejects_field_whose_number_onnxruntime_would_read_as_another() -> None:
    model = load()
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    tag = (1 << 32) | (7 << 3) | 2  # of 32 bits: the graph's
    hidden = write(model) + write_varint(tag) + write_varint(len(graph)) + graph
    onnxruntime.InferenceSession(hidden, providers=["CPUExecutionProvider"])  # it sees a graph
    with pytest.raises(IntegrityError, match="not an ONNX model"):
        check_graph(hidden)


def write_varint(number: int) -> bytes:
    head = number & 0x7F
    return bytes([head]) if number < 0x80 else bytes([head | 0x80]) + write_varint(number >> 7)


@given(st.binary(max_size=200))
def test_rejects_junk_or_takes_it_and_never_fails_otherwise(body: bytes) -> None:
    for whole in (body, b"\x3a" + bytes([len(body) % 128]) + body):
        with contextlib.suppress(IntegrityError):
            check_graph(whole)


def test_predictor_refuses_before_it_compiles() -> None:
    contract = make_contract()
    model = load()
    model.graph.initializer.append(make_external())
    body = write(model)
    with pytest.raises(IntegrityError, match="outside"):
        Predictor(Bundle("b", make_manifest(contract, body), body))
