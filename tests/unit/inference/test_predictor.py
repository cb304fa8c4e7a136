from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper

from core.bundle import Bundle
from core.contract import Column, Contract, Task
from core.errors import IntegrityError
from core.inputs import ModelInputs
from core.onnx_runtime import onnxruntime
from lambdas.inference.predictor import Predictor
from tests.fixtures.bundles import make_contract, make_graph, make_inputs, make_manifest


def make_predictor(
    contract: Contract, *, graph: bytes | None = None, threshold: float = 0.5
) -> Predictor:
    graph = make_graph(contract) if graph is None else graph
    return Predictor(Bundle("b", make_manifest(contract, graph, threshold=threshold), graph))


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_positive_class_is_answered_from_the_threshold_on(threshold: float) -> None:
    contract = make_contract()
    predictor = make_predictor(contract, threshold=threshold)
    scores = predictor.score(make_inputs(contract))
    decided = predictor.decide(scores.tolist())
    assert len(decided) == 500
    assert decided == ["Yes" if row[1] >= threshold else "No" for row in scores.tolist()]


def test_positive_class_is_answered_when_probability_equals_the_threshold() -> None:
    contract = make_contract()
    # Nothing known and no effect: the probability is one half exactly.
    nothing = ModelInputs(np.full((1, 3), np.nan, np.float32), np.full((1, 1), "", np.object_))
    predictor = make_predictor(contract)
    scores = predictor.score(nothing)
    assert scores.tolist() == [[0.5, 0.5]]
    assert predictor.decide(scores.tolist()) == ["Yes"]


def test_threshold_is_not_rounded_to_the_precision_of_the_scores() -> None:
    predictor = make_predictor(make_contract(), threshold=0.1 + 1e-12)
    # The float32 nearest to 0.1 is 0.10000000149…, above this threshold.
    assert predictor.decide(np.array([[0.9, 0.1]], np.float32).tolist()) == ["Yes"]
    predictor = make_predictor(make_contract(), threshold=0.100000002)
    assert predictor.decide(np.array([[0.9, 0.1]], np.float32).tolist()) == ["No"]


def test_likeliest_class_is_answered_when_there_are_several() -> None:
    contract = make_contract(task="multiclass")
    predictor = make_predictor(contract)
    scores = predictor.score(make_inputs(contract))
    assert predictor.decide(scores.tolist()) == [
        contract.classes[row.index(max(row))] for row in scores.tolist()
    ]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_scores_are_not_finite_where_arithmetic_overflows(task: Task) -> None:
    contract = make_contract(task=task)
    graph = make_graph(contract, weight=3e38)
    inputs = make_inputs(contract, rows=3)
    inputs.numeric[0] = 0
    inputs.numeric[1:] = 3e38
    scores = make_predictor(contract, graph=graph).score(inputs)
    assert np.isfinite(scores).all(axis=1).tolist() == [True, False, False]


@pytest.mark.parametrize("graph", [b"", b"junk", b"\x08\x09"])
def test_rejects_graph_that_cannot_be_compiled(graph: bytes) -> None:
    contract = make_contract()
    manifest = make_manifest(contract, make_graph(contract))
    with pytest.raises(IntegrityError):
        Predictor(Bundle("b", manifest, graph))


@pytest.mark.parametrize(
    "other",
    [
        make_contract(task="regression"),
        make_contract(task="multiclass"),
        make_contract(columns=make_contract().columns[:3]),
        make_contract(columns=make_contract().numeric_columns),
        make_contract(columns=make_contract().string_columns),
    ],
)
def test_rejects_graph_of_another_contract(other: Contract) -> None:
    with pytest.raises(IntegrityError, match=r"its contract needs|cannot run"):
        make_predictor(make_contract(), graph=make_graph(other))


def test_rejects_graph_in_onnxruntimes_own_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = make_graph(make_contract())
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.optimized_model_filepath = str(tmp_path / "graph.ort")
    onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    own = (tmp_path / "graph.ort").read_bytes()
    assert own[4:8] == b"ORTM"
    # Bytes can be made that are both; what was checked must be what is compiled.
    monkeypatch.setattr("lambdas.inference.predictor.check_graph", lambda _body: None)
    with pytest.raises(IntegrityError, match="cannot load"):
        make_predictor(make_contract(), graph=own)


def make_regression(*nodes: NodeProto, shape: list[int | None]) -> tuple[Contract, bytes]:
    """Make a graph of one number, whose last node makes the prediction."""
    contract = make_contract(
        task="regression", columns=[Column(name="usage", kind="numeric", nullable=True)]
    )
    info = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("numeric", "prediction")
    ]
    places = [helper.make_tensor(f"at_{i}", TensorProto.INT64, [1], [i]) for i in range(2)]
    graph = helper.make_graph(list(nodes), "own", info[:1], info[1:], places)
    opset = [helper.make_opsetid("", 17)]
    return contract, helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()


def test_graph_is_taken_whose_shapes_are_left_open() -> None:
    same = helper.make_node("Identity", ["numeric"], ["prediction"])
    contract, graph = make_regression(same, shape=[])
    rows = ModelInputs(np.ones((3, 1), np.float32), np.empty((3, 0), np.object_))
    assert make_predictor(contract, graph=graph).score(rows).tolist() == [[1.0]] * 3


def test_rejects_graph_that_answers_one_row_for_all() -> None:
    contract, graph = make_regression(
        helper.make_node("ReduceSum", ["numeric"], ["sum"], keepdims=1),
        helper.make_node("Identity", ["sum"], ["prediction"]),
        shape=[None, 1],
    )
    with pytest.raises(IntegrityError, match="shape"):
        make_predictor(contract, graph=graph)


def test_rejects_answer_of_another_number_of_rows() -> None:
    contract, graph = make_regression(
        helper.make_node("NonZero", ["numeric"], ["places"]),
        helper.make_node("Cast", ["places"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["numbers", "at_0"], ["sums"], keepdims=0),
        helper.make_node("Unsqueeze", ["sums", "at_1"], ["more"]),
        helper.make_node("Concat", ["numeric", "more"], ["prediction"], axis=0),
        shape=[None, 1],
    )
    predictor = make_predictor(contract, graph=graph)  # of zeros it answers as many as asked
    with pytest.raises(IntegrityError, match="number of rows"):
        predictor.score(ModelInputs(np.ones((3, 1), np.float32), np.empty((3, 0), np.object_)))


def test_rejects_graph_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdas.inference.predictor._PROBE_S", 0.2)
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Identity", ["held"], ["kept"]),
        ],
        "body",
        [
            value("round", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("held", TensorProto.FLOAT, None),
        ],
        [value("go_on", TensorProto.BOOL, []), value("kept", TensorProto.FLOAT, None)],
    )
    contract, graph = make_regression(
        helper.make_node("Loop", ["", "", "numeric"], ["prediction"], body=body), shape=[None, 1]
    )
    with pytest.raises(IntegrityError, match="cannot run"):
        make_predictor(contract, graph=graph)
