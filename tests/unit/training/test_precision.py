import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.bundle import load_bundle
from core.contract import Task
from core.errors import InvalidInputError
from core.registry import Registry
from core.store import open_memory
from tests.unit.training.test_export import fit, make_rows
from tests.unit.training.worlds import land, make_contract, make_landed, to_csv
from tests.unit.training.worlds import make_rows as make_linear_rows
from training.data import runs
from training.data.arrays import select_inputs
from training.data.names import PRECISIONS, WEIGHED, Precision
from training.judge.graph import Graph
from training.judge.parity import TOLERANCES, measure_parity
from training.model.export import check_graph, export_graph
from training.model.plant import plant_rows
from training.model.precision import reduce_precision
from training.run import run_training

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
WITH_WEIGHTS = tuple(name for name in WEIGHED if name != "baseline")
REDUCED: tuple[Precision, ...] = ("fp16", "int8")


def make_product(weights: list[list[float]]) -> bytes:
    """A graph of one matrix product."""
    array = np.array(weights, np.float32)
    rows, columns = array.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["numeric", "weights"], ["prediction"])],
        "model",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, rows])],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None, columns])],
        [numpy_helper.from_array(array, "weights")],
    )
    opsets = [helper.make_opsetid("", 20)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())


def list_constants(body: bytes) -> dict[str, onnx.TensorProto]:
    return {each.name: each for each in onnx.load_model_from_string(body).graph.initializer}


@pytest.mark.parametrize("precision", REDUCED)
@pytest.mark.parametrize("candidate", WITH_WEIGHTS)
@pytest.mark.parametrize("task", TASKS)
def test_answers_stay_within_the_tolerance_when_weights_have_fewer_bits(
    task: Task, candidate: str, precision: Precision
) -> None:
    rows = make_rows(task)
    model = fit(task, candidate, rows)
    body = reduce_precision(export_graph(model), precision)
    check_graph(body)
    graph = Graph(body)
    for inputs in (rows.inputs, plant_rows(model, rows.inputs)):
        parity = measure_parity(
            task, model.predict(inputs), graph.predict(inputs), tolerance=TOLERANCES[precision]
        )
        assert parity.max_abs_difference <= parity.tolerance, parity
        assert parity.classes_identical


@pytest.mark.parametrize("precision", REDUCED)
@pytest.mark.parametrize("candidate", WITH_WEIGHTS)
def test_a_row_is_answered_alike_whatever_rows_come_with_it(
    candidate: str, precision: Precision
) -> None:
    rows = make_rows("binary")
    graph = Graph(reduce_precision(export_graph(fit("binary", candidate, rows)), precision))
    together = graph.predict(rows.inputs)
    for row in range(0, len(rows), 37):
        alone = graph.predict(select_inputs(rows.inputs, np.array([row])))
        # A product of matrices may add in another order for one row than for many.
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


def test_fewer_bits_are_less_exact_and_smaller_when_there_are_many_weights() -> None:
    rows = make_rows("binary", numeric=40)
    model = fit("binary", "neural", rows)
    whole = export_graph(model)
    sizes, differences = [], []
    for precision in PRECISIONS:
        body = reduce_precision(whole, precision)
        sizes.append(len(body))
        answers = Graph(body).predict(rows.inputs)
        differences.append(float(np.abs(answers - model.predict(rows.inputs)).max()))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.6 * sizes[0]
    assert differences == sorted(differences)


def test_a_graph_in_float32_is_left_as_it_is() -> None:
    body = export_graph(fit("binary", "linear", make_rows("binary")))
    assert reduce_precision(body, "fp32") is body


@pytest.mark.parametrize("precision", REDUCED)
def test_the_same_graph_gives_the_same_bytes(precision: Precision) -> None:
    body = export_graph(fit("multiclass", "neural", make_rows("multiclass")))
    assert reduce_precision(body, precision) == reduce_precision(body, precision)


def test_weights_are_whole_multiples_of_a_step_for_each_column() -> None:
    stored = list_constants(reduce_precision(make_product([[127.0, 0.5], [-3.4, 1.0]]), "int8"))
    whole = numpy_helper.to_array(stored["weights_whole_stored"])
    assert whole.dtype == np.int8
    assert whole.tolist() == [[127, 64], [-3, 127]]
    np.testing.assert_allclose(numpy_helper.to_array(stored["weights_steps"]), [1.0, 1 / 127])


def test_a_column_without_weights_stays_zero() -> None:
    graph = Graph(reduce_precision(make_product([[0.0], [0.0]]), "int8"))
    rows = select_inputs(make_rows("binary", numeric=2, strings=0).inputs, np.arange(3))
    assert np.nan_to_num(graph.predict(rows)).tolist() == [[0.0]] * 3


def test_rejects_a_weight_too_large_for_float16() -> None:
    body = make_product([[70_000.0], [1.0]])
    with pytest.raises(InvalidInputError, match=r"larger than float16 can hold \(65,504\)"):
        reduce_precision(body, "fp16")


@pytest.mark.parametrize("precision", REDUCED)
@pytest.mark.parametrize("candidate", ["boosting", "forest"])
def test_rejects_trees_which_have_no_weights(candidate: str, precision: Precision) -> None:
    body = export_graph(fit("binary", candidate, make_rows("binary")))
    with pytest.raises(InvalidInputError, match=f"no weights that could be stored as {precision}"):
        reduce_precision(body, precision)


@pytest.mark.parametrize("precision", REDUCED)
def test_a_run_serves_the_precision_that_was_asked_for(precision: Precision) -> None:
    store, raw_key, _ = make_landed()
    result = run_training(store, raw_key=raw_key, run_id="r", precision=precision)
    assert result.outcome == "promoted", result.reason
    assert runs.load_spec(store, "r").candidates == WEIGHED
    manifest = load_bundle(store, Registry(store).version("small", 1).bundle_id).manifest
    assert manifest.precision == precision
    assert manifest.candidate in WITH_WEIGHTS
    assert manifest.parity.tolerance == TOLERANCES[precision]
    # Judged by what is served: further from scikit-learn than float32 ever is.
    assert 1e-5 < manifest.parity.max_abs_difference <= manifest.parity.tolerance


def test_a_model_is_refused_when_float16_cannot_hold_its_small_weights() -> None:
    contract = make_contract("regression")
    rows = [[*row[:-1], repr(float(row[-1]) * 1e-8)] for row in make_linear_rows("regression")]
    store = open_memory()
    raw_key = land(store, to_csv(rows), contract)
    result = run_training(store, raw_key=raw_key, run_id="r", precision="fp16")
    assert result.outcome == "refused"
    assert result.reason.startswith("Failed: the graph answers as scikit-learn does:")
