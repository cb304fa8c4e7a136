"""A graph that asks for the places of categories in place of their texts.

Who scores a file reads a category as its place in the contract: to write it out as a text, for the
graph to look the place up again, takes longer than all else that the graph does with it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.contract import Contract
from core.inputs import list_labels
from training.model.parts import make_constant


def take_codes(graph: onnx.GraphProto, contract: Contract) -> None:
    """Have a graph take the codes of `core.inputs.CodedInputs`, if it may.

    It may if it looks up all that it does with texts, and knows no category beyond those of the
    contract; otherwise it is left as it is.
    """
    columns = contract.string_columns
    places = _find_columns(graph)
    lookups = [node for node in graph.node if node.op_type == "LabelEncoder"]
    if not lookups or not all(column.categories for column in columns):
        return
    tables = []
    for node in lookups:
        table = _tabulate(node, list_labels(columns[places[node.input[0]]]))
        if table is None:
            return
        tables.append(make_constant(f"{node.output[0]}_of_code", table))
    graph.initializer.extend(tables)
    for node, held in zip(lookups, tables, strict=True):
        node.CopyFrom(helper.make_node("Gather", [held.name, node.input[0]], node.output, axis=0))
    for node in graph.node:
        node.input[:] = ["codes" if name == "strings" else name for name in node.input]
    [strings] = [each for each in graph.input if each.name == "strings"]
    strings.name = "codes"
    strings.type.tensor_type.elem_type = TensorProto.INT64


def _find_columns(graph: onnx.GraphProto) -> Mapping[str, int]:
    """Return which tensors are one column of the texts, of shape (n_rows,), and which column."""
    constants = {each.name: each for each in graph.initializer}
    column_of: dict[str, int] = {}
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] == "strings":
            column_of[node.output[0]] = int(numpy_helper.to_array(constants[node.input[1]]).item())
        elif node.op_type == "Reshape" and node.input[0] in column_of:
            column_of[node.output[0]] = column_of[node.input[0]]
    return column_of


def _tabulate(lookup: onnx.NodeProto, labels: tuple[str, ...]) -> NDArray[np.int64] | None:
    """Return what is looked up for each label, and for any other text; None if there are more."""
    has: dict[str, Any] = {each.name: helper.get_attribute_value(each) for each in lookup.attribute}
    keys = [key.decode() for key in has["keys_strings"]]
    if not {*keys} <= {*labels}:
        return None
    row_of = dict(zip(keys, has["values_int64s"], strict=True))
    other = has["default_int64"]
    return np.array([*(row_of.get(label, other) for label in labels), other], np.int64)
