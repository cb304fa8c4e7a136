"""The trees of boosting and forests as arrays, and their repair in a converted graph.

skl2onnx stores the float32 that is nearest to a threshold, which may lie above it, so that a row
just there takes the other branch; and it forgets where the trees of a forest send missing values.
Two classes it writes as a classifier, for which onnxruntime takes a tenth longer than for the one
sum that tells them apart. And it leaves each node as scikit-learn asked, though onnxruntime is
quicker where rows take the second branch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from core.errors import IntegrityError
from training.model.parts import Part

_BOOSTING = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_FORESTS = (
    RandomForestClassifier,
    RandomForestRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
)
_TREES = (DecisionTreeClassifier, DecisionTreeRegressor)


@dataclass(frozen=True, slots=True)
class TreeNodes:
    """All nodes of all trees in their order; n of them.

    Attributes
    ----------
    inner : bool array of shape (n,)
        Whether a node splits; the other arrays mean something only where it does.
    feature : integer array of shape (n,)
        Which feature it asks for.
    threshold : float64 array of shape (n,)
        A row with a feature x goes left where x <= threshold.
    missing_left : bool array of shape (n,)
        Whether a row without the feature goes left.
    mostly_left : bool array of shape (n,)
        Whether more than half of the training rows that came here went left.
    width : int
        How many features there are.
    """

    inner: NDArray[np.bool_]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    mostly_left: NDArray[np.bool_]
    width: int


def read_trees(estimator: Any) -> TreeNodes | None:  # noqa: ANN401 (scikit-learn has no types)
    """Return the nodes of a fitted boosting, forest or tree; None for anything else."""
    if isinstance(estimator, _BOOSTING):
        each = [tree.nodes for trees in estimator._predictors for tree in trees]  # noqa: SLF001 - there is no other way to them
        nodes = np.concatenate(each)
        return TreeNodes(
            inner=nodes["is_leaf"] == 0,
            feature=nodes["feature_idx"].astype(np.int64),
            threshold=nodes["num_threshold"].astype(np.float64),
            missing_left=nodes["missing_go_to_left"].astype(np.bool_),
            mostly_left=np.concatenate(
                [2 * tree["count"][tree["left"]] > tree["count"] for tree in each]
            ),
            width=estimator.n_features_in_,
        )
    if not isinstance(estimator, (*_FORESTS, *_TREES)):
        return None
    fitted = estimator.estimators_ if is_forest(estimator) else [estimator]
    trees = [each.tree_ for each in fitted]
    return TreeNodes(
        inner=np.concatenate([tree.children_left >= 0 for tree in trees]),
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.int64),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        missing_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.bool_),
        mostly_left=np.concatenate(
            [2 * tree.n_node_samples[tree.children_left] > tree.n_node_samples for tree in trees]
        ),
        width=estimator.n_features_in_,
    )


def is_forest(estimator: Any) -> bool:  # noqa: ANN401
    """Whether its answers are means over trees."""
    return isinstance(estimator, _FORESTS)


def floor_float32(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each threshold: x <= t stays the same for float32 x."""
    rounded = thresholds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, below, rounded)


def mend_trees(graph: onnx.GraphProto, trees: TreeNodes) -> None:
    """Give a converted ensemble scikit-learn's own decisions for every float32 and every NaN.

    Raises
    ------
    IntegrityError
        If the converted nodes are not in scikit-learn's order.
    """
    _, ensemble = _find_ensemble(graph)
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    features = np.array(attributes["nodes_featureids"].ints)
    values = np.array(attributes["nodes_values"].floats, dtype=np.float32)
    inner = trees.inner
    nearest = trees.threshold.astype(np.float32)
    floored = np.where(inner, floor_float32(trees.threshold), np.float32(0))
    aligned = len(values) == len(inner) and np.all(
        (values == nearest)[inner] | (values == floored)[inner]
    )
    if not aligned or not np.array_equal(features[inner], trees.feature[inner]):
        raise IntegrityError(
            "The converted trees are not in the order of scikit-learn's.",
            next_step="Use the versions of scikit-learn and skl2onnx that the lock file names.",
        )
    _rewrite(attributes["nodes_values"].floats, floored)
    tracks = (inner & trees.missing_left).astype(np.int64)
    _rewrite(attributes["nodes_missing_value_tracks_true"].ints, tracks)


def prefer_second_branches(graph: onnx.GraphProto, trees: TreeNodes) -> None:
    """Turn each node of a mended ensemble around at which most rows would take the first branch.

    onnxruntime keeps the node of the second branch beside the one that leads there, and processors
    guess best what happens most. A node that is turned asks for the negative of its feature:
    x <= t holds just where -x <= u does not, if u is the largest float32 below -t. So the matrix
    gets its negative beside it, and every row ends in the same leaf as before.
    """
    place, ensemble = _find_ensemble(graph)
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    values = np.array(attributes["nodes_values"].floats, dtype=np.float32)
    turned = trees.inner & trees.mostly_left & np.isfinite(values)
    if not turned.any():
        return
    features = np.array(attributes["nodes_featureids"].ints)
    # Of a thousand words trees may ask for a few; only those have a negative.
    asked = np.unique(features[turned])
    features[turned] = trees.width + np.searchsorted(asked, features[turned])
    _rewrite(attributes["nodes_featureids"].ints, features)
    values[turned] = np.nextafter(-values[turned], np.float32(-np.inf))
    _rewrite(attributes["nodes_values"].floats, values)
    tracks = np.array(attributes["nodes_missing_value_tracks_true"].ints)
    tracks[turned] = ~trees.missing_left[turned]
    _rewrite(attributes["nodes_missing_value_tracks_true"].ints, tracks)
    first, second = (attributes[f"nodes_{branch}nodeids"].ints for branch in ("true", "false"))
    was_first, was_second = np.array(first), np.array(second)
    _rewrite(first, np.where(turned, was_second, was_first))
    _rewrite(second, np.where(turned, was_first, was_second))
    part = Part("turned")
    matrix = wanted = ensemble.input[0]
    if len(asked) < trees.width:
        wanted = part.add("Gather", [matrix, part.hold("columns", asked)], "asked", axis=1)
    both = [matrix, part.add("Neg", [wanted], "negative")]
    ensemble.input[0] = part.add("Concat", both, "both", axis=1)
    _insert(graph, place, part.nodes)
    graph.initializer.extend(part.constants)


def write_as_sum(graph: onnx.GraphProto) -> None:
    """Write a converted ensemble that tells two classes apart as one sum, and their chances of it.

    The sum of a forest is the second class's chance already; that of boosting is its log-odds.
    Any other ensemble is left as it is.
    """
    place, ensemble = _find_ensemble(graph)
    found = {each.name: helper.get_attribute_value(each) for each in ensemble.attribute}
    then = found["post_transform"].decode()
    if set(found.get("class_ids", ())) != {0} or then not in {"NONE", "LOGISTIC"}:
        return
    part = Part("trees")
    nodes = {name: each for name, each in found.items() if name.startswith("nodes_")}
    leaves = {
        f"target_{name}": found[f"class_{name}"] for name in ("nodeids", "treeids", "weights")
    }
    total = part.add(
        "TreeEnsembleRegressor",
        list(ensemble.input),
        "sum",
        domain=ensemble.domain,
        n_targets=1,
        base_values=found.get("base_values"),
        target_ids=found["class_ids"],
        **nodes,
        **leaves,
    )
    second = part.add("Sigmoid", [total], "second") if then == "LOGISTIC" else total
    first = part.add("Sub", [part.hold("one", np.ones(1, np.float32)), second], "first")
    both = helper.make_node("Concat", [first, second], [ensemble.output[1]], axis=1)
    del graph.node[place]
    _insert(graph, place, [*part.nodes, both])
    graph.initializer.extend(part.constants)


def _find_ensemble(graph: onnx.GraphProto) -> tuple[int, onnx.NodeProto]:
    """Return the one node that is an ensemble of trees, and its place."""
    (found,) = (
        (place, node)
        for place, node in enumerate(graph.node)
        if node.op_type.startswith("TreeEnsemble")
    )
    return found


def _insert(graph: onnx.GraphProto, place: int, nodes: list[onnx.NodeProto]) -> None:
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*rest[:place], *nodes, *rest[place:]])


def _rewrite(numbers: Any, array: NDArray[np.generic]) -> None:  # noqa: ANN401 - protobuf's own
    """Put other numbers into a list of an attribute."""
    del numbers[:]
    numbers.extend(array.tolist())
