"""The weights of a graph in fewer bits: half precision, or whole numbers of eight bits.

What is stored shrinks; what is computed stays float32, because the processors that serve it have no
faster way for small models, and because a row must be answered alike whatever rows come with it.
(Quantizing what flows through the graph by the range of each batch would break that.)
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.errors import InvalidInputError
from training.data.names import Precision
from training.model.parts import make_constant

_LARGEST_HALF: Final = float(np.finfo(np.float16).max)
_LARGEST_INT8: Final = 127

_Pair = tuple[list[onnx.NodeProto], list[onnx.TensorProto]]
_Reduce = Callable[[str, NDArray[np.float32]], _Pair]


def reduce_precision(body: bytes, precision: Precision) -> bytes:
    """Return the graph with its weights and tables stored in fewer bits.

    Weights are those of matrix products (a linear model's are written as one first); tables are
    what categories become. ``fp16`` keeps 11 significant bits of each. ``int8`` keeps of each
    weight the nearest of 255 multiples of a step, one step for each column: the largest weight in
    it over 127 (symmetric, no zero point); of tables those that whole numbers hold exactly.
    Constants that are added stay as they are. The same graph gives the same bytes.

    Raises
    ------
    InvalidInputError
        If the graph has no weights to store so (trees are numbers to compare with, and ONNX has no
        smaller form of them), or one is too large for float16.
    """
    if precision == "fp32":
        return body
    model = onnx.load_model_from_string(body)
    _write_as_products(model.graph)
    reduced = _reduce_constants(model.graph, _REDUCE[precision], exactly=precision == "int8")
    if not reduced:
        raise InvalidInputError(
            f"The graph has no weights that could be stored as {precision}.",
            next_step="Train with --precision fp32.",
        )
    return bytes(model.SerializeToString(deterministic=True))


def _reduce_constants(graph: onnx.GraphProto, reduce: _Reduce, *, exactly: bool) -> int:
    """Store weights and tables in fewer bits; return how many weights there were.

    With `exactly`, tables stay as they are unless whole numbers of 8 bits hold them.
    """
    weights = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    tables = {node.input[0] for node in graph.node if node.op_type == "Gather"}
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    count = 0
    for constant in graph.initializer:
        is_weight = constant.name in weights
        if constant.data_type != TensorProto.FLOAT or constant.name not in weights | tables:
            constants.append(constant)
            continue
        values = numpy_helper.to_array(constant)
        if is_weight or not exactly:
            more_nodes, more_constants = reduce(constant.name, values)
        elif (values == values.astype(np.int8)).all():
            more_nodes, more_constants = _store(constant.name, values.astype(np.int8))
        else:
            more_nodes, more_constants = [], [constant]
        nodes += more_nodes
        constants += more_constants
        count += is_weight
    del graph.initializer[:]
    graph.initializer.extend(constants)
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    return count


def _to_half(name: str, values: NDArray[np.float32]) -> _Pair:
    if values.size and float(np.abs(values).max()) > _LARGEST_HALF:
        raise InvalidInputError(
            f"A weight is larger than float16 can hold ({_LARGEST_HALF:,.0f}).",
            next_step="Train with --precision int8 or fp32.",
        )
    return _store(name, values.astype(np.float16))


def _to_int8(name: str, values: NDArray[np.float32]) -> _Pair:
    """Store columns as whole numbers times a step; see `reduce_precision`."""
    steps = (np.abs(values).max(axis=0) / _LARGEST_INT8).astype(np.float32)
    steps[steps == 0] = 1
    whole = np.rint(values / steps).clip(-_LARGEST_INT8, _LARGEST_INT8).astype(np.int8)
    nodes, constants = _store(f"{name}_whole", whole)
    nodes.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_steps"], [name]))
    return nodes, [*constants, make_constant(f"{name}_steps", steps)]


def _store(name: str, values: NDArray[np.generic]) -> _Pair:
    """Store an array under another name, and make float32 of it under its own."""
    stored = make_constant(f"{name}_stored", values)
    return [helper.make_node("Cast", [stored.name], [name], to=TensorProto.FLOAT)], [stored]


_REDUCE: Mapping[Literal["fp16", "int8"], _Reduce] = MappingProxyType(
    {"fp16": _to_half, "int8": _to_int8}
)


def _write_as_products(graph: onnx.GraphProto) -> None:
    """Write ONNX-ML's linear models, whose weights are attributes, as products of matrices."""
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type not in {"LinearClassifier", "LinearRegressor"}:
            nodes.append(node)
            continue
        more_nodes, constants = _write_as_product(node)
        nodes += more_nodes
        graph.initializer.extend(constants)
    del graph.node[:]
    graph.node.extend(nodes)


def _write_as_product(node: onnx.NodeProto) -> _Pair:
    found = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    added = np.array(found["intercepts"], np.float32)
    weights = np.array(found["coefficients"], np.float32).reshape(len(added), -1).T
    then = found.get("post_transform", b"NONE").decode()
    constants = [make_constant("linear_weights", weights), make_constant("linear_added", added)]
    output = node.output[-1]
    after = {"NONE": "Identity", "LOGISTIC": "Sigmoid", "SOFTMAX": "Softmax"}[then]
    nodes = [
        helper.make_node("MatMul", [node.input[0], "linear_weights"], ["linear_product"]),
        helper.make_node("Add", ["linear_product", "linear_added"], ["linear_sum"]),
        helper.make_node(after, ["linear_sum"], [output]),
    ]
    return nodes, constants
