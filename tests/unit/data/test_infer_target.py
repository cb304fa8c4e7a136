"""The target, its task and its classes are guessed right; what cannot be predicted is refused."""

import pytest

from core.errors import InvalidInputError
from tests.unit.data.guessing import ROWS, cycle, infer, reason_of, to_bytes
from training.data.infer import infer_contract
from training.data.stated import Stated


@pytest.mark.parametrize(
    ("texts", "classes"),
    [
        (cycle("Yes", "No", "Yes"), ("No", "Yes")),
        (cycle("0", "1"), ("0", "1")),
        (cycle("1", "2", "2"), ("2", "1")),
        (cycle("stayed", "Churned"), ("stayed", "Churned")),
        (cycle("cat", "cat", "dog"), ("cat", "dog")),
        (cycle("b", "a"), ("a", "b")),
    ],
)
def test_the_positive_class_is_known_by_its_word_or_is_the_rarer(
    texts: list[str], classes: tuple[str, str]
) -> None:
    contract = infer(y=texts).contract
    assert (contract.task, contract.classes) == ("binary", classes)


def test_the_person_decides_on_the_positive_class() -> None:
    body = to_bytes({"x": cycle("1", "2", "4"), "y": cycle("no", "yes")})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=Stated(positive="no"))
    assert inferred.contract.classes == ("yes", "no")
    with pytest.raises(InvalidInputError, match="'no' and 'yes'"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(positive="maybe"))


@pytest.mark.parametrize(
    ("texts", "task", "count"),
    [
        (cycle(*"0123456789"), "multiclass", 10),
        (cycle("low", "middle", "high", ""), "multiclass", 3),
        ([str(row) for row in range(ROWS)], "regression", 0),
        (cycle("0.5", "1.25", "3.5"), "regression", 0),
        ([*cycle("no", "yes", rows=ROWS - 1), "pending"], "binary", 2),
    ],
)
def test_the_task_follows_from_the_target(texts: list[str], task: str, count: int) -> None:
    contract = infer(y=texts).contract
    assert (contract.task, len(contract.classes)) == (task, count)


def test_number_classes_are_in_numeric_order() -> None:
    assert infer(y=cycle("10", "9", "2")).contract.classes == ("2", "9", "10")


def test_the_person_decides_on_the_task() -> None:
    body = to_bytes({"x": cycle("1", "2", "4"), "y": cycle(*"12345")})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=Stated(task="regression"))
    assert inferred.contract.task == "regression"
    with pytest.raises(InvalidInputError, match="5 classes, so the task cannot be binary"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(task="binary"))


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        (cycle("same"), "one value only"),
        (cycle("", "?"), "no value"),
        ([f"w{row}" for row in range(ROWS)], "120 different texts"),
        ([*cycle("no", rows=ROWS - 3), "yes", "yes", "yes"], "1 has at least 10 rows"),
    ],
)
def test_rejects_a_target_that_cannot_be_predicted(texts: list[str], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        infer(y=texts)


def test_rejects_an_unknown_target_and_names_the_columns() -> None:
    body = to_bytes({"x": cycle("1", "2"), "y": cycle("no", "yes")})
    with pytest.raises(InvalidInputError, match="its columns are: x, y") as caught:
        infer_contract(body, filename="a.csv", target="Y")
    assert caught.value.next_step == "Was 'y' meant?"


def test_rejects_an_identifier_that_is_the_target() -> None:
    body = to_bytes({"x": cycle("1", "2"), "y": cycle("no", "yes")})
    with pytest.raises(InvalidInputError, match="both target and identifier"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(identifier="y"))


@pytest.mark.parametrize("texts", [cycle("no", "yes", "yes"), cycle("3", "9.5", "9.5")])
def test_a_column_that_tells_the_target_is_called_a_probable_leak(texts: list[str]) -> None:
    inferred = infer(y=cycle("stay", "go", "go"), outcome_known=texts, x=cycle("1", "2"))
    assert reason_of(inferred, "outcome_known").startswith(
        "PROBABLE LEAK: tells 100% of the target"
    )
    assert "LEAK" not in reason_of(inferred, "x")


def test_a_number_target_is_checked_for_leaks_too() -> None:
    prices = [row * 7 % 1001 + 0.5 for row in range(2000)]
    columns = {
        "y": [f"{price}" for price in prices],
        "paid": [f"{price * 2}" for price in prices],
        "x": cycle("1", "2", "4", rows=2000),
    }
    inferred = infer_contract(to_bytes(columns), filename="a.csv", target="y")
    assert "LEAK" in reason_of(inferred, "paid")
