"""A graph's trees as arrays, if each row gets the sum of one leaf of each: what each node decides.

Read from the graph alone, so that whatever is made of it decides as the graph does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


@dataclass(frozen=True, slots=True)
class Feature:
    """Where a number that nodes ask for comes from.

    Attributes
    ----------
    source : str
        An input of the graph, or the tensor that holds the row of a table for each row.
    column : int
        Of the input or the table.
    negated : bool
        Whether nodes ask for the negative of the number.
    """

    source: str
    column: int
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TreeSum:
    """Trees of n nodes in all, and what they ask for.

    Attributes
    ----------
    output : str
        The tensor of the sums, of shape (n_rows, 1).
    features : tuple of Feature
        Each as it is, none negated.
    tables : mapping of str to float32 array of shape (n_table_rows, n_columns)
        Of those sources that hold the row of a table.
    tree : integer array of shape (n,)
        Which tree a node is in, from 0 and in order.
    feature : integer array of shape (n,)
        The place of what an inner node asks for; -1 of a leaf.
    threshold : float32 array of shape (n,)
        A row with a feature x goes left where x <= threshold.
    missing_left : bool array of shape (n,)
        Whether a row without the feature goes left.
    left, right : integer array of shape (n,)
        The nodes that follow; always further down.
    weight : float32 array of shape (n,)
        What a leaf adds.
    base : float
        What is added to the sum.
    """

    output: str
    features: tuple[Feature, ...]
    tables: Mapping[str, NDArray[np.float32]]
    tree: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    weight: NDArray[np.float32]
    base: float

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Whether each node is a leaf."""
        return self.feature < 0


def read_tree_sum(graph: onnx.GraphProto) -> TreeSum | None:
    """Return the trees of a graph.

    None if there are none, if they answer with more than one sum, or if they ask for anything but
    numbers of the graph's inputs and of tables.
    """
    found = [node for node in graph.node if node.op_type.startswith("TreeEnsemble")]
    if len(found) != 1 or found[0].op_type != "TreeEnsembleRegressor":
        return None
    [ensemble] = found
    has = {each.name: helper.get_attribute_value(each) for each in ensemble.attribute}
    is_sum = (
        has["n_targets"] == 1
        and has.get("aggregate_function", b"SUM") == b"SUM"
        and has.get("post_transform", b"NONE") == b"NONE"
        and {*has["nodes_modes"]} <= {b"BRANCH_LEQ", b"LEAF"}
    )
    sources = _Sources(graph)
    features = sources.trace(ensemble.input[0]) if is_sum else None
    if features is None:
        return None
    tree = np.array(has["nodes_treeids"])
    root = np.searchsorted(tree, tree)
    inner = np.array(has["nodes_modes"]) != b"LEAF"
    asked = np.array(has["nodes_featureids"])
    negated = inner & np.array([each.negated for each in features])[asked]
    weight = np.zeros(len(tree), np.float32)
    leaves = np.searchsorted(tree, has["target_treeids"]) + has["target_nodeids"]
    weight[leaves] = has["target_weights"]
    # -x <= v holds just where x <= u does not, if u is the largest float32 below -v.
    threshold = np.array(has["nodes_values"], np.float32)
    with np.errstate(over="ignore"):  # below the least number is -infinity, as it should
        below = np.nextafter(-threshold, np.float32(-np.inf))
    missing_left = np.array(has.get("nodes_missing_value_tracks_true", [0] * len(tree))) == 1
    first, second = (root + has[f"nodes_{branch}nodeids"] for branch in ("true", "false"))
    plain = list(dict.fromkeys(Feature(each.source, each.column) for each in features))
    place = np.array([plain.index(Feature(each.source, each.column)) for each in features])
    return TreeSum(
        output=ensemble.output[0],
        features=tuple(plain),
        tables=sources.tables,
        tree=tree,
        feature=np.where(inner, place[asked], -1),
        threshold=np.where(negated, below, threshold),
        missing_left=missing_left ^ negated,
        left=np.where(negated, second, first),
        right=np.where(negated, first, second),
        weight=weight,
        base=float(has.get("base_values", [0.0])[0]),
    )


class _Sources:
    """The nodes and constants of a graph, to follow a tensor's columns back to where they begin."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.tables: dict[str, NDArray[np.float32]] = {}
        self._makers = {output: node for node in graph.node for output in node.output}
        self._constants = {each.name: each for each in graph.initializer}
        self._widths = {
            each.name: each.type.tensor_type.shape.dim[1].dim_value for each in graph.input
        }

    def trace(self, name: str) -> list[Feature] | None:
        """Return where each column of a tensor comes from; None if anything was computed of it."""
        if name in self._widths:
            return [Feature(name, column) for column in range(self._widths[name])]
        maker = self._makers[name]
        if maker.op_type == "Concat":
            blocks = [self.trace(each) for each in maker.input]
            known = [each for block in blocks if block is not None for each in block]
            return None if None in blocks else known
        if maker.op_type == "Neg":
            block = self.trace(maker.input[0])
            return block and [Feature(each.source, each.column, not each.negated) for each in block]
        if maker.op_type == "Gather":
            return self._trace_gather(*maker.input)
        return None

    def _trace_gather(self, data: str, places: str) -> list[Feature] | None:
        if data in self._constants:  # rows of a table
            table = numpy_helper.to_array(self._constants[data])
            self.tables[places] = table
            return [Feature(places, column) for column in range(table.shape[1])]
        block = self.trace(data)
        if block is None or places not in self._constants:
            return None
        return [block[place] for place in numpy_helper.to_array(self._constants[places])]
