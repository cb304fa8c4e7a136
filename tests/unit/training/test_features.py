import numpy as np
import pytest

from core.contract import Column, Contract, Task
from core.inputs import ModelInputs
from tests.unit.training.test_export import fit, make_contract, make_rows
from training.data.arrays import Rows
from training.judge.graph import Graph
from training.judge.parity import measure_parity
from training.model.candidates import fit_candidate, prepare
from training.model.export import export_graph
from training.model.features import MAX_ONE_HOT, Features
from training.model.plant import plant_rows
from training.model.recipes import RECIPES
from training.model.vocabulary import MAX_LEVELS, UNSEEN, learn_vocabulary

READINGS = [
    {"features__numbers": "binned"},
    {"features__numbers": "interactions"},
    {"features__narrow": "target"},
    {"features__narrow": "ordinal", "features__rare_rows": 120},
    {"features__rare_rows": 120, "features__wide": "one-hot"},
]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("candidate", ["linear", "neural"])
@pytest.mark.parametrize("reading", READINGS)
def test_a_graph_repeats_every_way_to_read_columns(
    candidate: str, task: str, reading: dict[str, object]
) -> None:
    rows = make_rows(task)  # type: ignore[arg-type]
    contract = make_contract(task, rows)  # type: ignore[arg-type]
    model = fit_candidate(RECIPES[candidate], rows, contract, seed=0, parameters=reading)
    graph = Graph(export_graph(model))
    for inputs in (rows.inputs, plant_rows(model, rows.inputs)):
        parity = measure_parity(contract.task, model.predict(inputs), graph.predict(inputs))
        assert parity.max_abs_difference <= 2e-6
        assert parity.classes_identical


def test_a_forest_sends_missing_values_where_scikit_learn_does() -> None:
    rows = make_rows("binary")
    model = fit("binary", "forest", rows)
    nothing = ModelInputs(np.full_like(rows.inputs.numeric, np.nan), rows.inputs.strings)
    answered = Graph(export_graph(model)).predict(nothing)
    assert measure_parity("binary", model.predict(nothing), answered).max_abs_difference < 1e-6


def test_target_encoding_of_a_training_row_does_not_know_its_own_target() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 2000)
    codes = random.integers(0, 1000, (2000, 1)).astype(np.float32)  # two rows a category
    features = Features(task="binary", numeric_width=0, wide="target")
    trained = features.fit_transform(codes, target)[:, 0]
    served = features.transform(codes)[:, 0]
    assert abs(np.corrcoef(trained, target)[0, 1]) < 0.1
    assert np.corrcoef(served, target)[0, 1] > 0.5


def test_target_encoding_of_a_row_does_not_know_the_targets_of_its_group() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 10)
    target = random.integers(0, 2, 200)[groups]  # all rows of a group have one target
    codes = groups[:, np.newaxis].astype(np.float32)  # and one category, which nobody else has
    matrix = np.column_stack([codes, groups]).astype(np.float32)
    alone = Features(task="binary", wide="target").fit_transform(codes, target)[:, 0]
    assert np.corrcoef(alone, target)[0, 1] > 0.9  # other rows of the group give it away
    features = Features(task="binary", wide="target", together="group")
    encoded = features.fit_transform(matrix, target)
    assert encoded.shape == (2000, 1)
    assert abs(np.corrcoef(encoded[:, 0], target)[0, 1]) < 0.3
    np.testing.assert_array_equal(features.transform(codes), features.transform(matrix))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_target_encoding_of_a_row_does_not_know_later_targets(task: Task) -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, 30, (1000, 1)).astype(np.float32)
    target = random.integers(0, 3 if task == "multiclass" else 2, 1000)
    features = Features(task=task, wide="target", together="time")
    before = features.fit_transform(codes, target)
    assert len(np.unique(before[:200], axis=0)) == 1  # the first rows have no past
    changed = target.copy()
    changed[800:] = changed[800:][::-1]  # as many of each class, so only categories' shares change
    after = features.fit_transform(codes, changed)
    np.testing.assert_array_equal(before, after)
    changed[:200] = 1 - changed[:200].clip(0, 1)
    assert (features.fit_transform(codes, changed)[200:] != before[200:]).any()


def test_folds_of_a_run_respect_what_its_contract_names() -> None:
    rows = make_rows("binary")
    grouped = Rows(rows.inputs, rows.target, np.arange(len(rows)) // 8)
    contract = make_contract("binary", rows)
    recipe = RECIPES["linear"]
    by_group = contract.model_copy(update={"group": "g"})
    assert prepare(recipe, grouped, by_group).together == "group"
    assert prepare(recipe, rows, contract.model_copy(update={"time": "t"})).together == "time"
    assert prepare(recipe, rows, contract).together == "nothing"
    model = fit_candidate(
        recipe, grouped, by_group, seed=0, parameters={"features__narrow": "target"}
    )
    answered = Graph(export_graph(model)).predict(rows.inputs)
    parity = measure_parity("binary", model.predict(rows.inputs), answered)
    assert parity.max_abs_difference < 1e-6


def test_fifty_thousand_categories_make_a_graph_that_answers_alike() -> None:
    random = np.random.default_rng(0)
    texts = np.array([f"street {i}" for i in random.integers(0, 50_000, 60_000)], dtype=object)
    target = random.integers(0, 2, 60_000).astype(np.float64)
    rows = Rows(ModelInputs(np.empty((60_000, 0), np.float32), texts.reshape(-1, 1)), target)
    contract = Contract(
        dataset="d",
        task="binary",
        target="t",
        classes=("a", "b"),
        columns=(Column(name="street", kind="categorical"),),
    )
    model = fit_candidate(RECIPES["linear"], rows, contract, seed=0)
    assert len(model.vocabulary.levels[0]) == MAX_LEVELS
    graph = export_graph(model)
    assert len(graph) < 2_000_000
    some = rows.select(np.arange(500)).inputs
    parity = measure_parity("binary", model.predict(some), Graph(graph).predict(some))
    assert parity.max_abs_difference < 1e-6


def test_narrow_columns_of_different_widths_keep_their_own_features() -> None:
    random = np.random.default_rng(0)
    counts = (2, 25, 9, 19, 1, 5)  # the second one is wide
    texts = np.column_stack([random.geometric(0.2, 900) % count for count in counts]).astype(str)
    target = np.isin(texts[:, 2], ("1", "4")) ^ (texts[:, 5] == "2") ^ (texts[:, 0] == "0")
    inputs = ModelInputs(np.empty((900, 0), np.float32), texts.astype(object))
    rows = Rows(inputs, target.astype(np.float64))
    names = [f"column {place}" for place in range(len(counts))]
    contract = Contract(
        dataset="d",
        task="binary",
        target="t",
        classes=("a", "b"),
        columns=tuple(Column(name=name, kind="categorical") for name in names),
    )
    for candidate in ("linear", "boosting"):
        for rare_rows in (2, 60):
            chosen = {"features__rare_rows": rare_rows}
            model = fit_candidate(RECIPES[candidate], rows, contract, seed=0, parameters=chosen)
            planted = plant_rows(model, inputs)
            answered = Graph(export_graph(model)).predict(planted)
            parity = measure_parity("binary", model.predict(planted), answered)
            assert parity.max_abs_difference < 2e-6


def test_rare_categories_are_read_as_one() -> None:
    rare, often = np.repeat(np.arange(200), 3), np.full(400, 200)
    codes = np.concatenate([rare, often]).reshape(-1, 1).astype(np.float32)
    features = Features(numeric_width=0, wide="one-hot", rare_rows=10)
    matrix = features.fit_transform(codes, np.zeros(len(codes), dtype=np.int64))
    assert matrix.shape[1] == 2
    every = Features(numeric_width=0, wide="one-hot", rare_rows=2)
    assert every.fit_transform(codes, np.zeros(len(codes))).shape[1] == MAX_ONE_HOT


def test_categories_come_in_the_order_of_the_contract() -> None:
    texts = np.array([["large"], ["small"], [""], ["huge"], ["middle"]], dtype=object)
    contract = Contract(
        dataset="d",
        task="regression",
        target="t",
        columns=(Column(name="size", kind="categorical", categories=("small", "middle", "large")),),
    )
    inputs = ModelInputs(np.empty((5, 0), np.float32), texts)
    vocabulary = learn_vocabulary(inputs, contract)
    assert vocabulary.levels == (("small", "middle", "large", "", "huge"),)
    other = ModelInputs(np.empty((1, 0), np.float32), np.array([["new"]], dtype=object))
    assert vocabulary.encode(other).tolist() == [[UNSEEN]]
