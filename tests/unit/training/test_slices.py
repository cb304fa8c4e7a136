import numpy as np
import pytest

from core.contract import Column, Contract, Task
from core.inputs import ModelInputs
from training.judge.explain import find_hardest, measure_importances
from training.judge.score import Holdout
from training.judge.slices import MAX_LEVELS, Answered, compare_groups, slice_holdout

ROWS = 600


def make_contract(task: Task = "binary") -> Contract:
    return Contract(
        dataset="world",
        task=task,
        target="t",
        classes={"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[task],
        columns=(
            Column(name="age", kind="numeric"),
            Column(name="member", kind="boolean", sensitive=True),
            Column(name="region", kind="categorical", sensitive=True),
        ),
    )


def make_inputs(rows: int = ROWS) -> ModelInputs:
    random = np.random.default_rng(3)
    ages, members = random.integers(18, 90, rows), random.integers(0, 2, rows)
    numeric = np.column_stack([ages, members]).astype(np.float32)
    numeric[:40, 0] = np.nan
    regions = np.array(["north", "south", ""], dtype=object)[random.integers(0, 3, rows)]
    return ModelInputs(numeric, regions.reshape(-1, 1))


def answer(inputs: ModelInputs) -> np.ndarray:
    """A model that knows the truth everywhere but in the south, where it says the contrary."""
    p = np.where(inputs.numeric[:, 1] == 1, 0.9, 0.2)
    p = np.where(inputs.strings[:, 0] == "south", 1 - p, p)
    return np.column_stack([1 - p, p])


def make_answered() -> Answered:
    inputs = make_inputs()
    truth = np.where(inputs.numeric[:, 1] == 1, 0.9, 0.2)
    target = (np.random.default_rng(0).random(ROWS) < truth).astype(np.float64)
    baseline = np.tile([1 - target.mean(), target.mean()], (ROWS, 1))
    return Answered(Holdout("binary", target), inputs, answer(inputs), baseline)


def test_the_slice_that_is_answered_worst_leads_the_list() -> None:
    slices = slice_holdout(make_contract(), make_answered())
    first = slices[0]
    assert (first.column, first.value) == ("region", "south")
    assert first.low < first.loss < first.high
    assert first.excess > 0
    assert all(each.excess < first.excess for each in slices[1:])


def test_the_slices_of_a_column_hold_every_row_once() -> None:
    slices = slice_holdout(make_contract(), make_answered())
    for column in ("age", "member", "region"):
        assert sum(each.rows for each in slices if each.column == column) == ROWS
    values = {each.value for each in slices if each.column == "age"}
    assert len(values) == 5
    assert "missing" in values
    assert {each.value for each in slices if each.column == "member"} == {"true", "false"}


def test_rates_and_fairness_are_those_of_the_decisions() -> None:
    answered = make_answered()
    slices = slice_holdout(make_contract(), answered)
    said, target = answered.answers[:, 1] >= 0.5, answered.holdout.target == 1
    south = answered.inputs.strings[:, 0] == "south"
    (found,) = [each for each in slices if each.value == "south"]
    assert found.rates["selection_rate"] == pytest.approx(said[south].mean())
    assert found.rates["true_positive_rate"] == pytest.approx(said[south & target].mean())
    assert found.rates["false_positive_rate"] == pytest.approx(said[south & ~target].mean())
    assert found.rates["precision"] == pytest.approx(target[south & said].mean())
    fairness = {each.column: each for each in compare_groups(make_contract(), slices)}
    assert set(fairness) == {"member", "region"}
    north = answered.inputs.strings[:, 0] == "north"
    differences = fairness["region"].differences
    rates = [said[south].mean(), said[north].mean()]
    assert fairness["region"].groups == 2
    assert differences["demographic_parity_difference"] == pytest.approx(max(rates) - min(rates))
    assert differences["demographic_parity_ratio"] == pytest.approx(min(rates) / max(rates))
    assert differences["equalized_odds_difference"] == pytest.approx(
        max(
            abs(said[south & truth].mean() - said[north & truth].mean())
            for truth in (target, ~target)
        )
    )


def test_slices_of_few_rows_are_left_out_and_levels_are_limited() -> None:
    rows = 900
    names = np.array([f"r{place:03}" for place in np.arange(rows) % 60], dtype=object)
    inputs = ModelInputs(make_inputs(rows).numeric, names.reshape(-1, 1))
    inputs.numeric[:9, 1] = np.nan
    holdout = Holdout("binary", (np.arange(rows) % 2).astype(np.float64))
    half = np.full((rows, 2), 0.5)
    slices = slice_holdout(make_contract(), Answered(holdout, inputs, half, half))
    assert sum(each.column == "region" for each in slices) == MAX_LEVELS
    assert all(each.value != "missing" for each in slices if each.column == "member")


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_have_rates_of_their_own(task: Task) -> None:
    random = np.random.default_rng(0)
    inputs = make_inputs()
    if task == "regression":
        target, answers = np.zeros(ROWS), np.full((ROWS, 1), 2.0)
        expected = {"mean_error": 2.0}
    else:
        target, answers = np.zeros(ROWS), np.tile([0.6, 0.2, 0.2], (ROWS, 1))
        expected = {"accuracy": 1.0}
    baseline = answers + random.normal(0, 0.01, answers.shape)
    answered = Answered(Holdout(task, target), inputs, answers, baseline)
    slices = slice_holdout(make_contract(task), answered)
    assert all(each.rates == expected for each in slices)
    (first, _) = compare_groups(make_contract(task), slices)
    assert set(first.differences) == set(expected)
    assert max(first.differences.values()) == 0


def test_the_hardest_rows_lead_with_what_the_model_was_told() -> None:
    answered = make_answered()
    answered.inputs.numeric[100, 0] = np.nan
    answered.answers[100] = [1e-6, 1 - 1e-6] if answered.holdout.target[100] == 0 else [1, 0]
    hardest = find_hardest(make_contract(), answered)
    assert hardest[0].features["age"] is None
    assert hardest[0].features["member"] in (True, False)
    assert hardest[0].answer < 1e-5
    assert hardest[0].truth == ("no" if answered.holdout.target[100] == 0 else "yes")
    losses = [each.loss for each in hardest]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == 10


def test_the_hardest_rows_are_written_for_people() -> None:
    answered = make_answered()
    answered.inputs.numeric[:, 0] = 45.165
    answered.inputs.strings[:, 0] = "word " * 1000
    features = find_hardest(make_contract(), answered)[0].features
    assert features["age"] == 45.165
    assert len(str(features["region"])) == 200


def test_a_column_matters_when_answers_get_worse_without_it() -> None:
    answered = make_answered()
    importances = measure_importances(make_contract(), answered, answer)
    found = {each.column: each for each in importances}
    assert importances[0].column == "member"
    assert found["member"].increase > 0.01
    assert found["age"].increase == found["age"].deviation == 0
    assert importances == measure_importances(make_contract(), answered, answer)


def test_importances_ask_about_a_sample_when_rows_and_columns_are_many() -> None:
    asked = []

    def count(inputs: ModelInputs) -> np.ndarray:
        asked.append(len(inputs))
        return np.full((len(inputs), 2), 0.5)

    rows = 100_000
    half = np.full((rows, 2), 0.5)
    answered = Answered(Holdout("binary", np.zeros(rows)), make_inputs(rows), half, half)
    measure_importances(make_contract(), answered, count)
    assert len(asked) == 9
    assert sum(asked) <= 60_000
