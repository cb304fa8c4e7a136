"""A piece of an ONNX graph while it is put together."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


class Part:
    """Nodes and constants of a graph as they are collected; names start with a prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def hold(self, name: str, array: NDArray[np.generic]) -> str:
        """Add a constant and return its full name."""
        self.constants.append(make_constant(f"{self.prefix}_{name}", array))
        return f"{self.prefix}_{name}"

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:  # noqa: ANN401
        """Add a node of one output and return that output's full name."""
        output = f"{self.prefix}_{name}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def add_two(self, kind: str, inputs: list[str], names: tuple[str, str]) -> tuple[str, str]:
        """Add a node of two outputs and return their full names."""
        first, second = (f"{self.prefix}_{name}" for name in names)
        self.nodes.append(helper.make_node(kind, inputs, [first, second]))
        return first, second


def make_constant(name: str, array: NDArray[np.generic]) -> onnx.TensorProto:
    """Return an array as a graph's constant."""
    return numpy_helper.from_array(array, name=name)


def keep_needed(
    nodes: Sequence[onnx.NodeProto], constants: Iterable[onnx.TensorProto], output: str
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Leave out the nodes and constants that an output does not need."""
    needed = {output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if needed & set(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1], [constant for constant in constants if constant.name in needed]
