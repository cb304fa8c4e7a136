"""A fitted model as an ONNX graph that answers as scikit-learn does, proven elsewhere on every row.

Inputs: ``numeric`` (float, [N, k]) and ``strings`` (string, [N, m]), each only if it has columns.
Outputs: ``probabilities`` (float, [N, n_classes]) or ``prediction`` (float, [N, 1]), nothing else.
"""

import warnings
from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType

from core.bundle import MAX_GRAPH_BYTES
from core.errors import IntegrityError
from training.model.candidates import FittedModel
from training.model.features import Features, Scaling

OPSETS = {"": 17, "ai.onnx.ml": 3}
_IR_VERSION = 8
_MATRIX = "matrix"


def export_graph(model: FittedModel) -> bytes:
    """Write a fitted model as ONNX; the same model gives the same bytes.

    Raises
    ------
    IntegrityError
        If the graph would hold what serving refuses: external data, operators of a foreign
        domain, or more than 64 MiB.
    """
    output = "prediction" if model.task == "regression" else "probabilities"
    if model.name == "baseline":
        nodes, constants, width = _export_baseline(model, output)
    else:
        nodes, constants = _export_features(model.features)
        tail = _convert_estimator(model, output)
        nodes += list(tail.graph.node)
        constants += list(tail.graph.initializer)
        width = 1 if model.task == "regression" else len(model.estimator.classes_)
    graph = helper.make_graph(
        _prune(nodes, output),
        "model",
        _describe_inputs(model.features),
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None, width])],
        constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    exported = helper.make_model(
        graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="closed-loop"
    )
    body = bytes(exported.SerializeToString(deterministic=True))
    check_graph(body)
    return body


def check_graph(body: bytes) -> None:
    """Refuse a graph that serving would refuse.

    Raises
    ------
    IntegrityError
        If it is too large, not valid, keeps data outside of itself, or has operators other than
        those of ONNX and ONNX-ML.
    """
    if len(body) > MAX_GRAPH_BYTES:
        raise IntegrityError(
            f"The graph has {len(body):,} bytes; at most {MAX_GRAPH_BYTES:,} are served."
        )
    model = onnx.load_model_from_string(body)
    domains = {entry.domain for entry in model.opset_import} | {n.domain for n in model.graph.node}
    foreign = sorted(domains - set(OPSETS))
    if foreign:
        raise IntegrityError(f"The graph has operators of the domain {foreign[0]!r}.")
    if any(tensor.data_location == TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise IntegrityError("The graph keeps data outside of its own file.")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise IntegrityError("The exported graph is not valid ONNX.") from error


def floor_float32(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each threshold: x <= t stays the same for float32 x."""
    rounded = thresholds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, below, rounded)


def _describe_inputs(features: Features) -> list[onnx.ValueInfoProto]:
    widths = (
        ("numeric", TensorProto.FLOAT, features.numeric_width),
        ("strings", TensorProto.STRING, len(features.categories)),
    )
    return [helper.make_tensor_value_info(n, kind, [None, w]) for n, kind, w in widths if w]


def _export_baseline(
    model: FittedModel, output: str
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], int]:
    """Answer every row with the same constant; skl2onnx has no dummy estimators."""
    dummy = model.estimator
    answer = dummy.constant_ if model.task == "regression" else dummy.class_prior_
    constant = np.asarray(answer, dtype=np.float32).reshape(1, -1)
    source = _describe_inputs(model.features)[0].name
    nodes = [
        helper.make_node("Shape", [source], ["rows"], start=0, end=1),
        helper.make_node("Concat", ["rows", "answer_width"], ["answer_shape"], axis=0),
        helper.make_node("Expand", ["answer", "answer_shape"], [output]),
    ]
    width = np.array([constant.shape[1]], dtype=np.int64)
    constants = [_constant("answer", constant), _constant("answer_width", width)]
    return nodes, constants, constant.shape[1]


def _export_features(features: Features) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Repeat `Features.transform` in ONNX operators."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    parts: list[str] = []
    if features.known.size:
        constants.append(_constant("known", features.known))
        nodes.append(helper.make_node("Gather", ["numeric", "known"], ["numbers"], axis=1))
        parts.append("numbers")
    if features.scaling is not None:
        scaling_nodes, scaling_constants, parts = _export_scaling(features.scaling)
        nodes += scaling_nodes
        constants += scaling_constants
    for place, categories in enumerate(features.categories):
        constants.append(_constant(f"place_{place}", np.array(place, dtype=np.int64)))
        column, marks = f"string_{place}", f"category_{place}"
        nodes.append(helper.make_node("Gather", ["strings", f"place_{place}"], [column], axis=1))
        one_hot = helper.make_node(
            "OneHotEncoder",
            [column],
            [marks],
            domain="ai.onnx.ml",
            cats_strings=[category.encode() for category in categories],
            zeros=1,
        )
        nodes.append(one_hot)
        parts.append(marks)
    nodes.append(helper.make_node("Concat", parts, [_MATRIX], axis=1))
    return nodes, constants


def _export_scaling(
    scaling: Scaling,
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], list[str]]:
    nodes = [
        helper.make_node("IsNaN", ["numbers"], ["missing"]),
        helper.make_node("Where", ["missing", "fill", "numbers"], ["filled"]),
        helper.make_node("Sub", ["filled", "center"], ["centered"]),
        helper.make_node("Div", ["centered", "scale"], ["scaled"]),
    ]
    constants = [
        _constant("fill", scaling.fill),
        _constant("center", scaling.center),
        _constant("scale", scaling.scale),
    ]
    if not scaling.marked.size:
        return nodes, constants, ["scaled"]
    nodes += [
        helper.make_node("Cast", ["missing"], ["missing_numbers"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["missing_numbers", "marked"], ["marks"], axis=1),
    ]
    return nodes, [*constants, _constant("marked", scaling.marked)], ["scaled", "marks"]


def _convert_estimator(model: FittedModel, output: str) -> onnx.ModelProto:
    """Convert the estimator alone, from the matrix to the one output that is wanted."""
    estimator = model.estimator
    classifies = model.task != "regression"
    with warnings.catch_warnings():
        # skl2onnx hands numpy's booleans to protobuf as whole numbers, which numpy deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        converted: onnx.ModelProto = convert_sklearn(
            estimator,
            initial_types=[(_MATRIX, FloatTensorType([None, estimator.n_features_in_]))],
            options={id(estimator): {"zipmap": False}} if classifies else None,
            target_opset=OPSETS,
        )
    _rename(converted.graph.node, converted.graph.output[1 if classifies else 0].name, output)
    if model.name == "boosting":
        _floor_thresholds(converted.graph.node, estimator)
    return converted


def _floor_thresholds(nodes: Iterable[onnx.NodeProto], estimator: object) -> None:
    """Store each threshold as the largest float32 not above it; skl2onnx stores the nearest.

    The nearest may be above: a row just there would take the other branch in the graph.
    """
    trees = [tree for trees in getattr(estimator, "_predictors") for tree in trees]  # noqa: B009
    splits = np.concatenate([tree.nodes for tree in trees])
    inner = splits["is_leaf"] == 0
    floored = np.zeros(len(splits), dtype=np.float32)
    floored[inner] = floor_float32(splits["num_threshold"][inner])
    (ensemble,) = (node for node in nodes if node.op_type.startswith("TreeEnsemble"))
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    features = np.array(attributes["nodes_featureids"].ints)
    values = np.array(attributes["nodes_values"].floats, dtype=np.float32)
    nearest = splits["num_threshold"][inner].astype(np.float32)
    aligned = len(values) == len(splits) and np.array_equal(values[inner], nearest)
    if not aligned or not np.array_equal(features[inner], splits["feature_idx"][inner]):
        raise IntegrityError(
            "The converted trees are not in the order of scikit-learn's.",
            next_step="Use the versions of scikit-learn and skl2onnx that the lock file names.",
        )
    del attributes["nodes_values"].floats[:]
    attributes["nodes_values"].floats.extend(floored.tolist())


def _rename(nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _prune(nodes: list[onnx.NodeProto], output: str) -> list[onnx.NodeProto]:
    """Keep the nodes that the output needs: not those of the label, which nobody reads."""
    needed = {output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if needed & set(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]


def _constant(name: str, array: NDArray[np.generic]) -> onnx.TensorProto:
    return numpy_helper.from_array(array, name=name)
