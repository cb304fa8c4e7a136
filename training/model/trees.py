"""The trees of boosting and forests as arrays, and their repair in a converted graph.

skl2onnx stores the float32 that is nearest to a threshold, which may lie above it, so that a row
just there takes the other branch; and it forgets where the trees of a forest send missing values.
Two classes it writes as a classifier, for which onnxruntime takes a tenth longer than for the one
sum that tells them apart.
"""

from collections.abc import Iterable
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
    """

    inner: NDArray[np.bool_]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]


def read_trees(estimator: Any) -> TreeNodes | None:  # noqa: ANN401 (scikit-learn has no types)
    """Return the nodes of a fitted boosting, forest or tree; None for anything else."""
    if isinstance(estimator, _BOOSTING):
        nodes = np.concatenate([tree.nodes for trees in estimator._predictors for tree in trees])  # noqa: SLF001 - there is no other way to them
        return TreeNodes(
            inner=nodes["is_leaf"] == 0,
            feature=nodes["feature_idx"].astype(np.int64),
            threshold=nodes["num_threshold"].astype(np.float64),
            missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        )
    if not isinstance(estimator, (*_FORESTS, *_TREES)):
        return None
    fitted = estimator.estimators_ if isinstance(estimator, _FORESTS) else [estimator]
    trees = [each.tree_ for each in fitted]
    return TreeNodes(
        inner=np.concatenate([tree.children_left >= 0 for tree in trees]),
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.int64),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        missing_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.bool_),
    )


def floor_float32(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each threshold: x <= t stays the same for float32 x."""
    rounded = thresholds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, below, rounded)


def mend_trees(nodes: Iterable[onnx.NodeProto], trees: TreeNodes) -> None:
    """Give a converted ensemble scikit-learn's own decisions for every float32 and every NaN.

    Raises
    ------
    IntegrityError
        If the converted nodes are not in scikit-learn's order.
    """
    (ensemble,) = (node for node in nodes if node.op_type.startswith("TreeEnsemble"))
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
    del attributes["nodes_values"].floats[:]
    attributes["nodes_values"].floats.extend(floored.tolist())
    tracks = attributes["nodes_missing_value_tracks_true"]
    del tracks.ints[:]
    tracks.ints.extend((inner & trees.missing_left).astype(np.int64).tolist())


def write_as_sum(graph: onnx.GraphProto) -> None:
    """Write a converted ensemble that tells two classes apart as one sum, and their chances of it.

    The sum of a forest is the second class's chance already; that of boosting is its log-odds.
    Any other ensemble is left as it is.
    """
    place, ensemble = next(
        (place, node)
        for place, node in enumerate(graph.node)
        if node.op_type.startswith("TreeEnsemble")
    )
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
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*rest[:place], *part.nodes, both, *rest[place + 1 :]])
    graph.initializer.extend(part.constants)
