import csv
import io
import re
from collections.abc import Sequence

import numpy as np
import pytest

from core import keys
from core.contract import Column, Contract, Task
from core.errors import InvalidInputError
from core.inputs import ModelInputs
from core.store import open_memory
from training.data import limits
from training.data.arrays import Rows
from training.data.limits import check_precision, check_sides, check_size, check_texts
from training.data.split import split_dataset
from training.data.start import start_run

CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("no", "yes"),
    "multiclass": ("a", "b", "c"),
    "regression": (),
}


def make_contract(task: Task, *columns: Column) -> Contract:
    return Contract(
        dataset="d",
        task=task,
        target="y",
        classes=CLASSES[task],
        columns=columns or (Column(name="x", kind="numeric"),),
    )


def make_rows(target: list[float]) -> Rows:
    n = len(target)
    inputs = ModelInputs(np.zeros((n, 1), np.float32), np.empty((n, 0), np.object_))
    return Rows(inputs, np.array(target))


def split_file(rows: Sequence[Sequence[object]], contract: Contract) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["x", "y"], *rows])
    store = open_memory()
    store.put(keys.contract("d"), contract.to_json())
    store.put("raw/d/aaaaaaaaaaaa-f.csv", text.getvalue().encode())
    found = start_run(store, raw_key="raw/d/aaaaaaaaaaaa-f.csv", run_id="r")
    assert found.status == "ok", found.reason
    split_dataset(store, run_id="r", version=found.version)


def test_rejects_a_table_of_too_many_cells() -> None:
    contract = make_contract("binary", *(Column(name=f"x{i}", kind="numeric") for i in range(2000)))
    check_size(100_000, contract)
    message = "200,000 rows of 2,000 columns are 400,000,000 cells; a run takes at most"
    with pytest.raises(InvalidInputError, match=re.escape(message)) as caught:
        check_size(200_000, contract)
    assert "Leave columns out" in caught.value.next_step


def test_rejects_more_text_than_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = make_contract("binary", Column(name="t", kind="text"))
    strings = np.array([["a word"], ["another one"]], dtype=np.object_)
    rows = Rows(ModelInputs(np.empty((2, 0), np.float32), strings), np.zeros(2))
    check_texts(rows, contract)
    monkeypatch.setattr(limits, "MAX_TEXT_BYTES", 10)
    with pytest.raises(InvalidInputError, match="The text columns hold"):
        check_texts(rows, contract)


@pytest.mark.parametrize(
    ("low", "high"), [(1.7e18, 1.7e18 + 1e9), (-1.0, -1.0 + 1e-7), (1e9, 1e9 + 500)]
)
def test_rejects_numbers_that_are_all_alike_to_float32(low: float, high: float) -> None:
    with pytest.raises(InvalidInputError, match="column 'x' holds numbers that differ only after"):
        check_precision({"x": (low, high)}, (), make_contract("binary"))
    with pytest.raises(InvalidInputError, match="target 'y' holds numbers") as caught:
        check_precision({"y": (low, high)}, (), make_contract("regression"))
    assert "leave the column out" not in caught.value.next_step


def test_rejects_whole_numbers_that_float32_has_rounded_to_one() -> None:
    with pytest.raises(InvalidInputError, match="differ only after the seventh digit"):
        check_precision({"x": (1.7e18, 1.7e18)}, {"x": 100}, make_contract("binary"))
    check_precision({"x": (0, 1.7e18)}, {"x": 100}, make_contract("binary"))


def test_the_largest_number_of_a_model_is_far_from_the_others() -> None:
    largest = float(np.finfo(np.float32).max)
    check_precision({"x": (2.0, largest)}, (), make_contract("binary"))
    beside = float(np.nextafter(np.float32(largest), np.float32(0)))
    with pytest.raises(InvalidInputError, match="seventh digit"):
        check_precision({"x": (beside, largest)}, (), make_contract("binary"))


@pytest.mark.parametrize(
    ("low", "high"),
    [(5.0, 5.0), (0.0, 1e-30), (1e9, 1e9 + 5000), (np.nan, np.nan), (-3e38, 3e38), (0.0, 1e39)],
)
def test_takes_numbers_that_float32_tells_apart_and_columns_of_one_value(
    low: float, high: float
) -> None:
    check_precision({"x": (low, high)}, (), make_contract("binary"))


@pytest.mark.parametrize(
    ("task", "training", "holdout", "message"),
    [
        (
            "binary",
            [0.0] * 9,
            [0.0],
            "The split leaves 9 training rows and 1 holdout row; a model needs 10 and 1.",
        ),
        (
            "binary",
            [0.0, 1.0] * 10,
            [],
            "The split leaves 20 training rows and 0 holdout rows; a model needs 10 and 1.",
        ),
        ("binary", [0.0] * 20, [1.0], "Class 2 of the 2 in the data contract has 0 training rows"),
        (
            "multiclass",
            [0.0, 2.0] * 9 + [1.0],
            [1.0],
            "Class 2 of the 3 in the data contract has 1",
        ),
        ("regression", [7.0] * 20, [8.0], "The target has the same value in all training rows"),
    ],
)
def test_rejects_a_split_that_leaves_nothing_to_fit_or_to_judge(
    task: Task, training: list[float], holdout: list[float], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        check_sides(make_rows(training), make_rows(holdout), make_contract(task))


def test_a_run_stops_before_fitting_when_a_column_is_too_fine_for_float32() -> None:
    rows = [[1_700_000_000_000_000_000 + i, ("no", "yes")[i % 2]] for i in range(100)]
    with pytest.raises(InvalidInputError, match="column 'x' holds numbers that differ only"):
        split_file(rows, make_contract("binary"))
    split_file([[i, label] for i, (_, label) in enumerate(rows)], make_contract("binary"))
