"""Targets that are hardly one: noise, one value, one positive in ten thousand, a class too few."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.bundle import load_bundle
from core.errors import InvalidInputError
from core.inputs import encode_records
from tests.unit.faults.worlds import Table, Texts, Trained, train
from training.data.stated import Stated
from training.judge.graph import Graph


def ask(trained: Trained, table: Table) -> NDArray[np.float64]:
    """Ask the champion's graph about the rows of a table: probabilities of "yes"."""
    columns = [np.asarray(column).tolist() for column in table.columns.values()]
    rows = zip(*columns, strict=True)
    records = [dict(zip(table.columns, row, strict=True)) for row in rows]
    bundle = load_bundle(trained.store, trained.evaluation.bundle_id)
    inputs, _ = encode_records(bundle.manifest.contract, records)
    return Graph(bundle.graph).predict(inputs)[:, 1]


@pytest.mark.parametrize("flipped", [0.1, 0.3])
def test_label_noise_leaves_a_model_near_the_best_possible(flipped: float) -> None:
    table = Table(5000)
    noisy = table.bought ^ (table.random.random(table.rows) < flipped)
    trained = train(table.to_csv(np.where(noisy, "yes", "no")))
    assert trained.result.outcome == "promoted"
    fresh = Table(1000, seed=1)
    best = fresh.probability * (1 - flipped) + (1 - fresh.probability) * flipped
    assert np.abs(ask(trained, fresh) - best).mean() < 0.03
    possible = float(np.mean(best * (1 - best)))
    assert trained.evaluation.metrics["brier_score"] == pytest.approx(possible, abs=0.02)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (["yes"] * 600, "has one value only in 600 rows: there is nothing to predict"),
        ([3.5] * 600, "has one value only in 600 rows: there is nothing to predict"),
        (["yes"] * 599 + [""], "has one value only in 600 rows: there is nothing to predict"),
        ([""] * 600, "has no value in 600 rows: there is nothing to predict"),
        (["inf"] * 599 + ["1"], "1 has at least 10 rows; a model needs two"),
    ],
)
def test_a_target_without_two_values_is_one_sentence(target: Texts, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        train(Table().to_csv(target))
    assert caught.value.next_step


def test_one_positive_in_ten_thousand_rows_is_one_sentence() -> None:
    table = Table(10_000)
    target = np.full(table.rows, "no")
    target[table.signal.argmax()] = "yes"
    with pytest.raises(InvalidInputError, match="1 has at least 10 rows; a model needs two"):
        train(table.to_csv(np.where(target == "no", "no", "yes")))


def test_a_positive_in_thousands_ends_in_a_verdict_that_says_what_to_do() -> None:
    table = Table(20_000)
    target = np.full(table.rows, "no", dtype=object)
    target[np.argsort(-table.signal)[:10]] = "yes"
    trained = train(table.to_csv(target))
    # Two of ten positives are held out: enough to see that it ranks well, not to be sure of it.
    assert trained.data.holdout_classes["yes"] == 2
    assert trained.evaluation.metrics["roc_auc"] > 0.98
    assert trained.result.outcome == "refused"
    assert "better than the baseline beyond chance" in trained.result.reason
    assert "Send more rows" in trained.result.reason


def test_a_rare_class_that_a_fold_misses_does_no_harm() -> None:
    table = Table(900)
    target = np.where(table.bought, "yes", "no").astype(object)
    visits = np.array(table.columns["visits"])
    visits[60:90], target[60:90] = visits[60:90] + 8, "maybe"
    visits[300:330], target[300:330] = visits[300:330] + 8, "maybe"
    # All rows of the third class are of two shops: most folds leave out none of them.
    table.columns["visits"] = visits.round(4)
    table.columns["shop"] = [f"shop {place // 30}" for place in range(table.rows)]
    trained = train(table.to_csv(target), stated=Stated(group="shop"))
    assert trained.inferred.contract.classes == ("maybe", "no", "yes")
    assert trained.result.outcome == "promoted"
    assert trained.evaluation.metrics["accuracy"] > 0.75


def test_a_class_with_ten_rows_is_in_every_fold_and_in_the_holdout() -> None:
    table = Table(600, strength=4.0)
    target = np.where(table.bought, "yes", "no").astype(object)
    target[:10] = "maybe"
    trained = train(table.to_csv(target))
    assert trained.data.holdout_classes["maybe"] >= 2
    assert trained.result.outcome == "promoted"


def test_a_class_that_comes_only_in_the_end_is_one_sentence() -> None:
    table = Table(600)
    table.columns["day"] = [f"2024-{1 + place // 50:02d}-01" for place in range(table.rows)]
    target = np.full(table.rows, "no", dtype=object)
    target[-100:] = "yes"
    said = r"Class 2 of the 2 in the data contract has 0 training rows"
    with pytest.raises(InvalidInputError, match=said) as caught:
        train(table.to_csv(target), stated=Stated(time="day"))
    assert caught.value.next_step


def test_two_numbers_with_a_rare_one_are_refused_by_the_gate() -> None:
    target = np.full(600, "3.5")
    target[::60] = "7.0"
    trained = train(Table().to_csv(target), stated=Stated(task="regression"))
    assert trained.result.outcome == "refused"
    assert trained.result.reason.count("Failed: ") >= 1


def test_infinite_targets_go_to_the_quarantine() -> None:
    table = Table(600)
    target = (100 * table.signal).round(2).astype(object)
    target[:8], target[8], target[9] = "inf", "-Infinity", "1e400"
    trained = train(table.to_csv(target))
    assert "10 rows with something else go to the quarantine" in trained.evidence["bought"]
    assert trained.data.rows == 590
    assert trained.result.outcome == "promoted"
    assert trained.evaluation.metrics["r2"] > 0.95
