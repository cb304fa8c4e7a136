import numpy as np
import pytest

from core.bundle import Bundle
from core.contract import Contract, Task
from core.errors import IntegrityError
from core.inputs import ModelInputs
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
