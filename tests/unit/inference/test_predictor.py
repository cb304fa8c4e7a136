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
    answers = make_predictor(contract, threshold=threshold).predict(make_inputs(contract))
    decided = {
        answer.probabilities["Yes"] >= threshold: answer.prediction
        for answer in answers
        if answer and answer.probabilities
    }
    assert len(answers) == 500
    assert all(prediction == ("Yes" if above else "No") for above, prediction in decided.items())


def test_positive_class_is_answered_when_probability_equals_the_threshold() -> None:
    contract = make_contract()
    # Nothing known and no effect: the probability is one half exactly.
    nothing = ModelInputs(np.full((1, 3), np.nan, np.float32), np.full((1, 1), "", np.object_))
    [answer] = make_predictor(contract).predict(nothing)
    assert answer is not None
    assert answer.probabilities == {"No": 0.5, "Yes": 0.5}
    assert answer.prediction == "Yes"


def test_likeliest_class_is_answered_when_there_are_several() -> None:
    contract = make_contract(task="multiclass")
    for answer in make_predictor(contract).predict(make_inputs(contract)):
        assert answer is not None
        assert answer.probabilities is not None
        assert answer.probabilities[str(answer.prediction)] == max(answer.probabilities.values())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_row_has_no_answer_when_arithmetic_overflows(task: Task) -> None:
    contract = make_contract(task=task)
    graph = make_graph(contract, weight=3e38)
    inputs = make_inputs(contract, rows=3)
    inputs.numeric[0] = 0
    inputs.numeric[1:] = 3e38
    answers = make_predictor(contract, graph=graph).predict(inputs)
    assert [answer is None for answer in answers] == [False, True, True]


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
