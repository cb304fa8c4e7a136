"""A fitted model as an ONNX graph that answers as scikit-learn does, proven elsewhere on every row.

Inputs: ``numeric`` (float, [N, k]) and ``strings`` (string, [N, m]), each only if it has columns.
Outputs: ``probabilities`` (float, [N, n_classes]) or ``prediction`` (float, [N, 1]), nothing else.
"""

import warnings
from collections.abc import Iterable
from functools import cache

import numpy as np
import onnx
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from skl2onnx.common._container import ModelComponentContainer
from skl2onnx.common.data_types import FloatTensorType

from core.bundle import MAX_GRAPH_BYTES
from core.errors import IntegrityError
from training.model.candidates import FittedModel, take_last_step
from training.model.export_calibration import export_calibration
from training.model.export_features import export_features
from training.model.parts import keep_needed, make_constant
from training.model.trees import mend_trees, prefer_second_branches, read_trees, write_as_sum
from training.model.vocabulary import Vocabulary

OPSETS = {"": 20, "ai.onnx.ml": 3}
_IR_VERSION = 9
MATRIX = "matrix"
_RAW = "raw_probabilities"


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
        nodes, constants = export_features(model.pipeline["features"], model.vocabulary, MATRIX)
        calibration = model.calibration
        answers = output if calibration is None else _RAW
        tail = _convert_estimator(model, answers)
        nodes += list(tail.graph.node)
        constants += list(tail.graph.initializer)
        if calibration is not None:
            more_nodes, more_constants = export_calibration(
                calibration, source=answers, output=output
            )
            nodes += more_nodes
            constants += more_constants
        width = 1 if model.task == "regression" else len(model.estimator.classes_)
    # Not the nodes of the label, which nobody reads.
    nodes, constants = keep_needed(nodes, constants, output)
    graph = helper.make_graph(
        nodes,
        "model",
        _describe_inputs(model.vocabulary),
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


def _describe_inputs(vocabulary: Vocabulary) -> list[onnx.ValueInfoProto]:
    widths = (
        ("numeric", TensorProto.FLOAT, vocabulary.numeric_width),
        ("strings", TensorProto.STRING, len(vocabulary.levels) + len(vocabulary.lexicons)),
    )
    return [helper.make_tensor_value_info(n, kind, [None, w]) for n, kind, w in widths if w]


def _export_baseline(
    model: FittedModel, output: str
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], int]:
    """Answer every row with the same constant; skl2onnx has no dummy estimators."""
    dummy = model.estimator
    answer = dummy.constant_ if model.task == "regression" else dummy.class_prior_
    constant = np.asarray(answer, dtype=np.float32).reshape(1, -1)
    source = _describe_inputs(model.vocabulary)[0].name
    nodes = [
        helper.make_node("Shape", [source], ["rows"], start=0, end=1),
        helper.make_node("Concat", ["rows", "answer_width"], ["answer_shape"], axis=0),
        helper.make_node("Expand", ["answer", "answer_shape"], [output]),
    ]
    width = np.array([constant.shape[1]], dtype=np.int64)
    constants = [make_constant("answer", constant), make_constant("answer_width", width)]
    return nodes, constants, constant.shape[1]


def _convert_estimator(model: FittedModel, output: str) -> onnx.ModelProto:
    """Convert the estimator alone, from the matrix to the one output that is wanted."""
    _list_operators_once()
    estimator = model.estimator
    classifies = model.task != "regression"
    with warnings.catch_warnings():
        # skl2onnx hands numpy's booleans to protobuf as whole numbers, which numpy deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        converted: onnx.ModelProto = convert_sklearn(
            estimator,
            initial_types=[(MATRIX, FloatTensorType([None, estimator.n_features_in_]))],
            options={id(estimator): {"zipmap": False}} if classifies else None,
            target_opset=OPSETS,
        )
    _rename(converted.graph.node, converted.graph.output[1 if classifies else 0].name, output)
    trees = read_trees(take_last_step(estimator))
    if trees is not None:
        mend_trees(converted.graph, trees)
        prefer_second_branches(converted.graph, trees)
        write_as_sum(converted.graph)
    return converted


@cache
def _list_operators_once() -> None:
    """Keep skl2onnx from asking ONNX for every version of every operator for every graph.

    That takes longer than all the rest of a small export. What it finds is stored in each of its
    containers, unless there is one already: so it is told to store it where all of them look.
    """
    list_operators = getattr(ModelComponentContainer, "_build_op_version", None)
    if list_operators:
        list_operators(ModelComponentContainer)


def _rename(nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
