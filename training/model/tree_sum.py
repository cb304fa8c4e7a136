"""A graph's trees as arrays, if each row gets the sum of one leaf of each: what each node decides.

Read from the graph alone, so that whatever is made of it decides as the graph does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

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
        has.get("n_targets") == 1
        and {"nodes_values", "target_weights"} <= has.keys()  # not as float64
        and has.get("aggregate_function", b"SUM") == b"SUM"
        and has.get("post_transform", b"NONE") == b"NONE"
        and {*has["nodes_modes"]} <= {b"BRANCH_LEQ", b"LEAF"}
    )
    sources = _Sources(graph)
    features = sources.trace(ensemble.input[0]) if is_sum else None
    return None if features is None else _read(ensemble.output[0], has, features, sources.tables)


def _read(
    output: str,
    has: Mapping[str, Any],
    features: Sequence[Feature],
    tables: Mapping[str, NDArray[np.float32]],
) -> TreeSum | None:
    """Read the attributes of an ensemble; None if what they decide cannot be said of plain x."""
    tree = np.array(has["nodes_treeids"])
    root = np.searchsorted(tree, tree)
    inner = np.array(has["nodes_modes"]) != b"LEAF"
    asked = np.array(has["nodes_featureids"])
    negated = inner & np.array([each.negated for each in features])[asked]
    threshold = np.array(has["nodes_values"], np.float32)
    if np.isposinf(threshold[negated]).any():  # any x goes left, and no u says so
        return None
    # -x <= v holds just where x <= u does not, if u is the largest float32 below -v.
    with np.errstate(over="ignore"):  # below the least number is -infinity, as it should
        below = np.nextafter(-threshold, np.float32(-np.inf))
    weight = np.zeros(len(tree), np.float32)
    leaves = np.searchsorted(tree, has["target_treeids"]) + has["target_nodeids"]
    weight[leaves] = has["target_weights"]
    missing_left = np.array(has.get("nodes_missing_value_tracks_true", [0] * len(tree))) == 1
    first, second = (root + has[f"nodes_{branch}nodeids"] for branch in ("true", "false"))
    as_it_is = [replace(each, negated=False) for each in features]
    plain = list(dict.fromkeys(as_it_is))
    place = np.array([plain.index(each) for each in as_it_is])
    return TreeSum(
        output=output,
        features=tuple(plain),
        tables=tables,
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
        if name not in self._makers:
            return None
        maker = self._makers[name]
        axis = next((each.i for each in maker.attribute if each.name == "axis"), 0)
        found: list[Feature] | None = None
        match maker.op_type, axis:
            case "Concat", 1:
                found = self._trace_blocks(maker.input)
            case "Neg", _:
                block = self.trace(maker.input[0])
                found = block and [replace(each, negated=not each.negated) for each in block]
            case "Gather", 0:
                found = self._trace_rows(*maker.input)
            case "Gather", 1:
                found = self._trace_columns(*maker.input)
        return found

    def _trace_blocks(self, names: Iterable[str]) -> list[Feature] | None:
        found: list[Feature] = []
        for name in names:
            block = self.trace(name)
            if block is None:
                return None
            found += block
        return found

    def _trace_rows(self, table: str, rows: str) -> list[Feature] | None:
        if table not in self._constants:
            return None
        self.tables[rows] = numpy_helper.to_array(self._constants[table])
        return [Feature(rows, column) for column in range(self.tables[rows].shape[1])]

    def _trace_columns(self, data: str, columns: str) -> list[Feature] | None:
        block = self.trace(data)
        if block is None or columns not in self._constants:
            return None
        return [block[column] for column in numpy_helper.to_array(self._constants[columns])]
