import numpy as np
import pytest

from core.contract import Column, Contract, Task
from core.inputs import ModelInputs
from tests.unit.training.worlds import CLASSES
from training.data.arrays import Rows
from training.data.leakage import find_leaks, measure_skill

N = 1000


def make_contract(task: Task) -> Contract:
    columns = (
        Column(name="honest", kind="numeric"),
        Column(name="after", kind="numeric"),
        Column(name="reason", kind="categorical"),
    )
    return Contract(dataset="d", task=task, target="t", classes=CLASSES[task], columns=columns)


def make_rows(task: Task, *, leaking: bool) -> Rows:
    random = np.random.default_rng(1)
    honest = random.normal(size=N)
    signal = honest + random.normal(size=N)
    cuts = {"binary": [1.0], "multiclass": [-0.7, 0.7]}.get(task)
    target = signal if cuts is None else np.digitize(signal, cuts).astype(np.float64)
    after, reason = random.normal(size=N), np.full(N, "x", dtype=object)
    if leaking:
        after = np.where(random.random(N) < 0.3, np.nan, 10 * target + 1)
        after = np.where(np.isnan(after) & (target != target.min()), 10 * target + 1, after)
        reason = np.array([f"r{round(value)}" for value in target], dtype=object)
    numbers = np.column_stack([honest, after]).astype(np.float32)
    return Rows(ModelInputs(numbers, reason.reshape(-1, 1)), target)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_names_the_columns_that_know_the_target(task: Task) -> None:
    found = find_leaks(make_rows(task, leaking=True), make_contract(task))
    names = {leak.column for leak in found}
    assert "after" in names
    assert task == "regression" or "reason" in names
    assert "honest" not in names
    assert [leak.skill for leak in found] == sorted((leak.skill for leak in found), reverse=True)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_an_honest_column_is_not_suspected(task: Task) -> None:
    assert find_leaks(make_rows(task, leaking=False), make_contract(task)) == ()


def test_a_column_of_missing_values_tells_nothing_unless_missing_tells_it() -> None:
    rows = make_rows("binary", leaking=False)
    rows.inputs.numeric[:, 1] = np.nan
    assert find_leaks(rows, make_contract("binary")) == ()
    rows.inputs.numeric[:, 1] = np.where(rows.target == 1, 5.0, np.nan)
    assert [leak.column for leak in find_leaks(rows, make_contract("binary"))] == ["after"]


def test_an_identifier_has_no_skill_by_itself() -> None:
    target = np.random.default_rng(0).integers(0, 2, N).astype(np.float64)
    assert measure_skill(np.arange(N), target) < 0.01


def test_a_target_of_one_value_has_nothing_to_explain() -> None:
    assert measure_skill(np.zeros(10, dtype=np.int64), np.ones(10)) == 0.0


def test_a_leak_is_found_when_classes_alternate() -> None:
    target = (np.arange(N) % 2).astype(np.float64)
    assert measure_skill(target.astype(np.int64), target) == pytest.approx(1.0)


def test_a_column_that_is_filled_for_positives_only_is_found_when_rows_are_few() -> None:
    rows = make_rows("binary", leaking=False)
    values = np.random.default_rng(2).normal(size=N)
    rows.inputs.numeric[:, 1] = np.where(rows.target == 1, values, np.nan)
    few = rows.select(np.arange(300))
    assert [leak.column for leak in find_leaks(few, make_contract("binary"))] == ["after"]


def test_a_copy_of_a_skewed_target_is_found() -> None:
    rows = make_rows("regression", leaking=False)
    skewed = np.exp(3 * rows.target)
    rows.inputs.numeric[:, 1] = 0.81 * skewed
    found = find_leaks(Rows(rows.inputs, skewed), make_contract("regression"))
    assert [leak.column for leak in found] == ["after"]
