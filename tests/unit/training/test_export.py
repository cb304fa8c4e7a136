import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.contract import Column, Contract, Task
from core.errors import IntegrityError, InvalidInputError
from core.inputs import ModelInputs
from core.values import LARGEST_FLOAT32
from tests.unit.training.worlds import CLASSES
from training.data.arrays import Rows
from training.data.names import CANDIDATES
from training.judge.graph import Graph
from training.judge.parity import TOLERANCE, measure_parity
from training.model import export, trees
from training.model.candidates import FittedModel, fit_candidate
from training.model.export import check_graph, export_graph
from training.model.plant import plant_rows
from training.model.recipes import RECIPES, find_recipe
from training.model.trees import floor_float32

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def make_rows(task: Task, *, numeric: int = 3, strings: int = 2, rows: int = 400) -> Rows:
    """Rows with missing values; numbers on a coarse grid, so that values meet bin edges."""
    random = np.random.default_rng(7)
    numbers = (random.integers(0, 60, (rows, numeric)) / 7).astype(np.float32)
    signal = np.nan_to_num(numbers).sum(axis=1) + random.normal(0, 1, rows)
    numbers[random.random(numbers.shape) < 0.2] = np.nan
    texts = np.array(["", "a", "b", "ü"], dtype=object)[random.integers(0, 4, (rows, strings))]
    if strings:
        signal += 4.0 * (texts[:, 0] == "a")
    cuts = {"binary": [0.5], "multiclass": [0.33, 0.66]}.get(task)
    target = 1000 * signal if cuts is None else np.digitize(signal, np.quantile(signal, cuts))
    return Rows(ModelInputs(numbers, texts), target.astype(np.float64))


def make_contract(task: Task, rows: Rows) -> Contract:
    numeric = [Column(name=f"n{i}", kind="numeric") for i in range(rows.inputs.numeric.shape[1])]
    strings = [
        Column(name=f"s{i}", kind="categorical") for i in range(rows.inputs.strings.shape[1])
    ]
    return Contract(
        dataset="grid", task=task, target="t", classes=CLASSES[task], columns=(*numeric, *strings)
    )


def fit(task: Task, candidate: str, rows: Rows) -> FittedModel:
    return fit_candidate(RECIPES[candidate], rows, make_contract(task, rows), seed=0)


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("numeric", "strings"), [(3, 2), (3, 0), (0, 2)])
def test_a_graph_answers_as_scikit_learn_on_training_rows_and_on_planted_edges(
    candidate: str, task: Task, numeric: int, strings: int
) -> None:
    rows = make_rows(task, numeric=numeric, strings=strings)
    model = fit(task, candidate, rows)
    graph = Graph(export_graph(model))
    for inputs in (rows.inputs, plant_rows(model, rows.inputs)):
        parity = measure_parity(task, model.predict(inputs), graph.predict(inputs))
        assert parity.max_abs_difference <= 1e-6
        assert parity.classes_identical


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_graph_answers_as_scikit_learn_when_a_column_reaches_the_end_of_float32(
    candidate: str,
) -> None:
    rows = make_rows("binary")
    # What C calls FLT_MAX stands for "not known" in many a file.
    rows.inputs.numeric[::3, 0] = LARGEST_FLOAT32
    model = fit("binary", candidate, rows)
    planted = plant_rows(model, rows.inputs)
    assert not np.isinf(planted.numeric).any()
    parity = measure_parity(
        "binary", model.predict(planted), Graph(export_graph(model)).predict(planted)
    )
    assert parity.max_abs_difference <= 1e-6


@pytest.mark.parametrize("task", TASKS)
def test_parity_fails_on_planted_edges_when_thresholds_are_not_floored(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows(task)
    model = fit(task, "boosting", rows)
    monkeypatch.setattr(trees, "floor_float32", lambda thresholds: thresholds.astype(np.float32))
    graph = Graph(export_graph(model))
    planted = plant_rows(model, rows.inputs)
    parity = measure_parity(task, model.predict(planted), graph.predict(planted))
    assert parity.max_abs_difference > TOLERANCE


@pytest.mark.parametrize("candidate", ["boosting", "forest"])
def test_two_classes_are_told_apart_by_one_sum(
    candidate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is quicker than the classifier that skl2onnx writes, and answers alike."""
    rows = make_rows("binary")
    model = fit("binary", candidate, rows)
    body = export_graph(model)
    kinds = {node.op_type for node in onnx.load_model_from_string(body).graph.node}
    assert "TreeEnsembleRegressor" in kinds
    assert "TreeEnsembleClassifier" not in kinds
    monkeypatch.setattr(export, "write_as_sum", lambda _: None)
    classifier = Graph(export_graph(model)).predict(rows.inputs)
    np.testing.assert_allclose(Graph(body).predict(rows.inputs), classifier, rtol=0, atol=2e-7)


@pytest.mark.parametrize("candidate", ["boosting", "forest"])
@pytest.mark.parametrize("task", TASKS)
def test_most_rows_take_second_branches_and_end_in_the_same_leaves(
    candidate: str, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is quicker, and answers with the same digits: at edges, zeros and infinities too."""
    rows = make_rows(task)
    model = fit(task, candidate, rows)
    body = export_graph(model)
    monkeypatch.setattr(export, "prefer_second_branches", lambda *_: None)
    as_fitted = export_graph(model)
    second, second_as_fitted = (_share_of_second(each, rows) for each in (body, as_fitted))
    assert second > 0.6
    assert second > second_as_fitted + 0.1
    extremes = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38]
    numbers = np.array(np.meshgrid(extremes, extremes, extremes), np.float32).reshape(3, -1).T
    texts = np.full((len(numbers), 2), "a", np.object_)
    for inputs in (rows.inputs, plant_rows(model, rows.inputs), ModelInputs(numbers, texts)):
        expected = Graph(as_fitted).predict(inputs)
        np.testing.assert_array_equal(Graph(body).predict(inputs), expected)


def _share_of_second(body: bytes, rows: Rows) -> float:
    """Return the share of the ways from node to node that are second branches."""
    model = onnx.load_model_from_string(body)
    [ensemble] = (node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
    del model.graph.output[:]
    model.graph.output.append(
        helper.make_tensor_value_info(ensemble.input[0], TensorProto.FLOAT, [None, None])
    )
    matrix = Graph(model.SerializeToString()).predict(rows.inputs).tolist()
    found = {each.name: helper.get_attribute_value(each) for each in ensemble.attribute}
    fields = ("modes", "featureids", "values", "truenodeids", "falsenodeids",
              "missing_value_tracks_true")  # fmt: skip
    nodes = dict(
        zip(
            zip(found["nodes_treeids"], found["nodes_nodeids"], strict=True),
            zip(*(found[f"nodes_{field}"] for field in fields), strict=True),
            strict=True,
        )
    )
    took = [0, 0]
    for row in matrix:
        for tree in range(10):
            place = 0
            while (node := nodes[tree, place])[0] != b"LEAF":
                _, feature, value, first, second, tracks = node
                x = row[feature]
                takes_first = x <= value or (bool(tracks) and x != x)  # noqa: PLR0124 - NaN
                place = first if takes_first else second
                took[not takes_first] += 1
    return took[1] / sum(took)


def test_only_columns_that_turned_nodes_ask_for_have_a_negative() -> None:
    """A thousand words need not be copied where trees ask for a few."""
    rows = make_rows("binary", numeric=6)
    rows.inputs.numeric[:, 1:] = 7.0  # nothing to ask for
    graph = onnx.load_model_from_string(export_graph(fit("binary", "boosting", rows))).graph
    [negative] = (node for node in graph.node if node.op_type == "Neg")
    [source] = (node for node in graph.node if negative.input[0] in node.output)
    [columns] = (each for each in graph.initializer if each.name in source.input)
    assert source.op_type == "Gather"
    asked = set(numpy_helper.to_array(columns).tolist())
    assert 0 in asked
    assert not asked & {1, 2, 3, 4, 5}


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize("task", TASKS)
def test_a_graph_has_the_interface_of_serving_and_nothing_else(candidate: str, task: Task) -> None:
    rows = make_rows(task)
    model = onnx.load_model_from_string(export_graph(fit(task, candidate, rows)))
    inputs = {value.name: value.type.tensor_type for value in model.graph.input}
    assert {name: kind.elem_type for name, kind in inputs.items()} == {
        "numeric": TensorProto.FLOAT,
        "strings": TensorProto.STRING,
    }
    widths = {name: kind.shape.dim[1].dim_value for name, kind in inputs.items()}
    assert widths == {"numeric": 3, "strings": 2}
    (output,) = model.graph.output
    expected = ("prediction", 1) if task == "regression" else ("probabilities", len(CLASSES[task]))
    assert (output.name, output.type.tensor_type.shape.dim[1].dim_value) == expected
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx.ml"}


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_exports_the_same_bytes_when_the_same_model_is_fitted_again(candidate: str) -> None:
    rows = make_rows("multiclass")
    first = export_graph(fit("multiclass", candidate, rows))
    assert export_graph(fit("multiclass", candidate, rows)) == first


def test_answers_for_one_row_as_for_many() -> None:
    rows = make_rows("binary")
    graph = Graph(export_graph(fit("binary", "boosting", rows)))
    one = rows.select(np.arange(len(rows)) == 5).inputs
    np.testing.assert_array_equal(graph.predict(one)[0], graph.predict(rows.inputs)[5])


def test_a_column_that_is_always_missing_or_constant_does_no_harm() -> None:
    rows = make_rows("binary")
    rows.inputs.numeric[:, 0] = np.nan
    rows.inputs.numeric[:, 1] = 0.1
    for candidate in CANDIDATES:
        model = fit("binary", candidate, rows)
        planted = plant_rows(model, rows.inputs)
        answered = Graph(export_graph(model)).predict(planted)
        assert measure_parity("binary", model.predict(planted), answered).max_abs_difference < 1e-6


def test_a_linear_model_keeps_parity_when_numbers_are_far_from_zero() -> None:
    rows = make_rows("binary")
    rows.inputs.numeric[:, 0] += np.float32(4_000_000)
    model = fit("binary", "linear", rows)
    answered = Graph(export_graph(model)).predict(rows.inputs)
    assert measure_parity("binary", model.predict(rows.inputs), answered).max_abs_difference < 1e-6


def test_rejects_numbers_that_float32_cannot_scale() -> None:
    rows = make_rows("binary")
    rows.inputs.numeric[:, 0] = 0
    rows.inputs.numeric[0, 0], rows.inputs.numeric[1, 0] = 3.4e38, -3.4e38
    rows.inputs.numeric[2:, 0] = np.finfo(np.float32).max
    with pytest.raises(InvalidInputError, match="float32 cannot scale"):
        fit("binary", "linear", rows)


def test_rejects_an_unknown_candidate() -> None:
    with pytest.raises(InvalidInputError, match="baseline, linear, boosting"):
        find_recipe("quantum")


@given(
    arrays.arrays(np.float64, 5, elements=st.floats(-1e30, 1e30)),
    st.floats(-(2.0**90), 2.0**90, width=32),
)
def test_a_floored_threshold_decides_as_the_threshold_for_every_float32(
    thresholds: NDArray[np.float64], x: float
) -> None:
    floored = floor_float32(thresholds)
    for value in (np.float32(x), *floored, *np.nextafter(floored, np.float32(np.inf))):
        np.testing.assert_array_equal(np.float64(value) <= thresholds, value <= floored)


def _graph_with(node: onnx.NodeProto, *, external: bool = False) -> bytes:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), name="w")
    if external:
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None, 3])],
        [tensor],
    )
    opsets = [
        helper.make_opsetid("", 17),
        *([helper.make_opsetid(node.domain, 1)] if node.domain else []),
    ]
    return bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())


def test_rejects_a_graph_with_operators_of_a_foreign_domain() -> None:
    node = helper.make_node("Anything", ["numeric"], ["prediction"], domain="com.example")
    with pytest.raises(IntegrityError, match=r"com\.example"):
        check_graph(_graph_with(node))


def test_rejects_a_graph_that_keeps_data_elsewhere() -> None:
    node = helper.make_node("Add", ["numeric", "w"], ["prediction"])
    check_graph(_graph_with(node))
    with pytest.raises(IntegrityError, match="outside of its own file"):
        check_graph(_graph_with(node, external=True))


def test_rejects_a_graph_that_is_not_valid() -> None:
    with pytest.raises(IntegrityError, match="not valid ONNX"):
        check_graph(_graph_with(helper.make_node("Add", ["numeric"], ["prediction"])))


def test_rejects_a_graph_that_does_not_load() -> None:
    with pytest.raises(IntegrityError, match="does not load"):
        Graph(b"not a graph")


@pytest.mark.parametrize("unit", [1e6, 1.0, 1e-7])
def test_parity_is_a_share_of_the_largest_answer_when_the_task_is_regression(unit: float) -> None:
    expected = np.array([[unit], [0.0]])
    parity = measure_parity("regression", expected, expected + 1e-6 * unit)
    assert parity.max_abs_difference == pytest.approx(1e-6)


def test_parity_has_a_number_when_all_answers_of_a_regression_are_zero() -> None:
    assert measure_parity("regression", np.zeros((2, 1)), np.zeros((2, 1))).max_abs_difference == 0


def test_classes_differ_only_when_the_lead_is_more_than_a_tie() -> None:
    tie = np.array([[0.5 + 1e-8, 0.5 - 1e-8]])
    assert measure_parity("binary", tie, tie[:, ::-1]).classes_identical
    clear = np.array([[0.6, 0.4]])
    assert not measure_parity("binary", clear, clear[:, ::-1]).classes_identical


def test_parity_is_the_worst_number_when_an_answer_is_not_a_number() -> None:
    expected, answered = np.array([[0.5, 0.5]]), np.array([[np.nan, 0.5]])
    assert measure_parity("binary", expected, answered).max_abs_difference > 1e300
