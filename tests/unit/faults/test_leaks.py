"""Columns that know the answer: named before anything is trained, and again by the run."""

import numpy as np
import pytest

from tests.unit.faults.worlds import Table, Texts, train
from training.data.stated import Stated

ROWS = 600


def know_by_number(table: Table) -> Texts:
    centre = np.where(table.bought, 5.0, -5.0)
    return (centre + table.random.normal(size=ROWS)).round(3)


def know_by_text(table: Table) -> Texts:
    return np.where(table.bought, "closed", "open")


def know_by_copy(table: Table) -> Texts:
    return np.where(table.bought, "yes", "no")


def know_by_presence(table: Table) -> Texts:
    days = table.random.normal(size=ROWS).round(3).tolist()
    return [day if bought else "" for day, bought in zip(days, table.bought, strict=True)]


@pytest.mark.parametrize("plant", [know_by_number, know_by_text, know_by_copy, know_by_presence])
def test_a_leak_is_named_before_training_and_by_the_run(plant: object) -> None:
    assert callable(plant)
    table = Table(ROWS)
    table.columns["afterwards"] = plant(table)
    trained = train(table.to_csv())
    assert trained.evidence["afterwards"].startswith("PROBABLE LEAK: tells ")
    assert "--set afterwards.kind=ignored" in trained.evidence["afterwards"]
    assert [leak.column for leak in trained.data.leaks] == ["afterwards"]


def test_an_honest_column_is_not_accused() -> None:
    trained = train(Table(ROWS).to_csv())
    assert not any("LEAK" in reason for reason in trained.evidence.values())
    assert trained.data.leaks == ()


def test_the_advice_that_is_given_makes_an_honest_model() -> None:
    table = Table(ROWS)
    honest = train(table.to_csv()).evaluation.metrics
    table.columns["afterwards"] = know_by_number(table)
    assert train(table.to_csv()).evaluation.metrics["roc_auc"] > 0.99
    advised = train(table.to_csv(), stated=Stated(columns={"afterwards": {"kind": "ignored"}}))
    assert advised.result.outcome == "promoted"
    assert "afterwards" not in advised.features
    assert advised.evaluation.metrics == pytest.approx(honest, abs=0.1)


@pytest.mark.parametrize("skewed", [False, True])
def test_a_leak_of_a_number_is_named_whatever_its_distribution(*, skewed: bool) -> None:
    table = Table(ROWS)
    price = np.exp(2 * table.signal) if skewed else 100 * table.signal
    table.columns["net_price"] = (price * 0.81).round(4)
    trained = train(table.to_csv(price.round(4)))
    assert "PROBABLE LEAK" in trained.evidence["net_price"]
    assert "net_price" in [leak.column for leak in trained.data.leaks]
