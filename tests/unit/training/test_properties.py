"""What must hold for any contract and any table: parity, and a holdout that stays where it is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.contract import Column, Contract, Kind, Task
from core.errors import InvalidInputError
from core.inputs import ModelInputs
from training.data.arrays import Rows, join_inputs
from training.data.names import CANDIDATES
from training.judge.graph import Graph
from training.judge.parity import TOLERANCE, measure_parity
from training.model.candidates import FittedModel, fit_material, prepare
from training.model.configure import calibrate_answers, cross_validate
from training.model.export import export_graph
from training.model.folds import make_folds
from training.model.plant import plant_rows
from training.model.recipes import RECIPES

CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("no", "yes"),
    "multiclass": ("a", "b", "c"),
    "regression": (),
}
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1, 1e-30, 16_777_217.0, 1e6]) | st.floats(
    -1e6, 1e6, width=32
)
LEVELS = st.sampled_from(["", "a", "b", "Ä", " a", "a b", "1", "true", "nan", "😀"])
TEXTS = st.lists(
    st.sampled_from(["free", "Free!", "prize", "ärger", "x", "\t", "\u00a0y", "..."]), max_size=9
).map(" ".join)
CELLS = {"numeric": NUMBERS, "boolean": st.sampled_from([0.0, 1.0])}
KINDS: st.SearchStrategy[list[Kind]] = st.lists(
    st.sampled_from(["numeric", "boolean", "categorical", "text"]), min_size=1, max_size=5
)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    kinds: list[Kind] = draw(KINDS)
    task: Task = draw(st.sampled_from(["binary", "multiclass", "regression"]))
    columns = tuple(Column(name=f"c{place}", kind=kind) for place, kind in enumerate(kinds))
    return Contract(dataset="d", task=task, target="y", classes=CLASSES[task], columns=columns)


@st.composite
def inputs_of(draw: st.DrawFn, contract: Contract, *, rows: int) -> ModelInputs:
    """Rows drawn from a few values of each column, so that edges, ties and gaps are frequent."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numeric = np.empty((rows, len(contract.numeric_columns)), np.float32)
    for place, column in enumerate(contract.numeric_columns):
        few = draw(st.lists(CELLS[column.kind], min_size=1, max_size=8))
        numeric[:, place] = random.choice(np.array([*few, np.nan], np.float32), rows)
    strings = np.empty((rows, len(contract.string_columns)), np.object_)
    for place, column in enumerate(contract.string_columns):
        cells = TEXTS if column.kind == "text" else LEVELS
        few_texts = [*draw(st.lists(cells, min_size=1, max_size=8)), ""]
        strings[:, place] = [few_texts[at] for at in random.integers(0, len(few_texts), rows)]
    return ModelInputs(numeric, strings)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Contract, Rows, ModelInputs]:
    """A contract, training rows, and other rows with values that training had not."""
    contract = draw(contracts())
    rows = draw(st.integers(40, 90))
    inputs = draw(inputs_of(contract, rows=rows))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if contract.task == "regression":
        scale = draw(st.sampled_from([1e-6, 1.0, 1e6]))
        target = scale * (random.normal(0, 1, rows) + np.nan_to_num(inputs.numeric).sum(1) / 1e6)
    else:
        target = np.arange(rows) % len(contract.classes)
        random.shuffle(target)
    training = Rows(inputs, target.astype(np.float64))
    return contract, training, draw(inputs_of(contract, rows=30))


@pytest.mark.parametrize("candidate", CANDIDATES)
@given(table=tables(), seed=st.integers(0, 3))
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
)
def test_a_graph_answers_as_scikit_learn_for_any_contract_and_any_rows(
    candidate: str, table: tuple[Contract, Rows, ModelInputs], seed: int
) -> None:
    contract, training, unseen = table
    try:
        model = fit_calibrated(candidate, contract, training, seed=seed)
    except InvalidInputError as error:
        assert "No feature has a value" in str(error)  # noqa: PT017 (the one reason to refuse)
        return
    graph = Graph(export_graph(model))
    asked = join_inputs(training.inputs, join_inputs(unseen, plant_rows(model, training.inputs)))
    expected, answered = model.predict(asked), graph.predict(asked)
    parity = measure_parity(contract.task, expected, answered)
    assert parity.max_abs_difference <= TOLERANCE
    assert parity.classes_identical
    if contract.task != "regression":
        np.testing.assert_allclose(answered.sum(axis=1), 1.0, atol=1e-5)
        assert ((answered >= 0) & (answered <= 1 + 1e-6)).all()


def fit_calibrated(candidate: str, contract: Contract, rows: Rows, *, seed: int) -> FittedModel:
    recipe = RECIPES[candidate]
    material = prepare(recipe, rows, contract)
    folds = make_folds(rows, contract, count=3, seed=seed)
    crossed = cross_validate(recipe, material, folds, seed=seed)
    _, found = calibrate_answers(recipe, rows, contract, crossed)
    return replace(fit_material(recipe, material, seed=seed), calibration=found.calibration)
