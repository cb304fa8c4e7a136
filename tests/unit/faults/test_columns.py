"""Columns that are hardly features: one value, none, infinities, thousands of levels."""

import numpy as np
import pytest

from core.errors import InvalidInputError
from tests.unit.faults.worlds import Table, train
from training.data.stated import Stated

ROWS = 600
KINDS = ("numeric", "categorical", "boolean")


def as_kind(kind: str, *names: str) -> Stated:
    return Stated(columns={name: {"kind": kind} for name in names})


def test_constant_columns_are_named_and_left_out() -> None:
    table = Table(ROWS)
    table.columns |= {"country": ["CH"] * ROWS, "release": [3] * ROWS, "active": ["yes"] * ROWS}
    trained = train(table.to_csv())
    for name in ("country", "release", "active"):
        assert trained.evidence[name].startswith("one value only: nothing to learn from")
        assert name not in trained.features
    assert trained.result.outcome == "promoted"
    assert trained.evaluation.metrics == train(Table(ROWS).to_csv()).evaluation.metrics


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_constant_column_that_is_declared_changes_nothing(kind: str) -> None:
    table = Table(ROWS)
    table.columns["release"] = [3] * ROWS
    # Without an identifier the holdout follows from the content, so it needs one to stay the same.
    table.columns["customer"] = [f"c{place}" for place in range(ROWS)]
    trained = train(table.to_csv(), stated=as_kind(kind, "release"))
    del table.columns["release"]
    without = train(table.to_csv())
    assert "release" in trained.features
    assert trained.result.outcome == "promoted"
    assert trained.evaluation.metrics == pytest.approx(without.evaluation.metrics, abs=0.01)


def test_a_column_without_values_is_named_and_left_out() -> None:
    table = Table(ROWS)
    table.columns |= {"empty": [""] * ROWS, "unknown": ["NA"] * ROWS}
    trained = train(table.to_csv())
    for name in ("empty", "unknown"):
        assert trained.evidence[name] == "every cell is missing"
        assert name not in trained.features
    assert trained.result.outcome == "promoted"


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_values_that_is_declared_does_no_harm(kind: str) -> None:
    table = Table(ROWS)
    table.columns["empty"] = [""] * ROWS
    trained = train(table.to_csv(), stated=as_kind(kind, "empty"))
    assert "empty" in trained.features
    assert trained.result.outcome == "promoted"


def test_a_table_without_values_is_one_sentence() -> None:
    table = Table(ROWS)
    table.columns = {name: [""] * ROWS for name in table.columns}
    with pytest.raises(InvalidInputError, match="no column to learn from beside the target"):
        train(table.to_csv())


def test_a_declared_table_without_values_is_refused_by_the_gate() -> None:
    table = Table(ROWS)
    table.columns = {name: [""] * ROWS for name in table.columns}
    trained = train(table.to_csv(), stated=as_kind("numeric", *table.columns))
    assert trained.result.outcome == "refused"
    assert "columns that tell more about the target" in trained.result.reason


def test_a_column_that_is_empty_until_the_holdout_does_no_harm() -> None:
    table = Table(ROWS)
    table.columns["day"] = [f"2024-{1 + place // 50:02d}-01" for place in range(ROWS)]
    new = np.array(table.columns["visits"], dtype=object)
    new[:490] = ""
    table.columns["new"] = new
    assert train(table.to_csv(), stated=Stated(time="day")).result.outcome == "promoted"


@pytest.mark.parametrize("infinite", ["inf", "-Infinity", "1e400", "-1e39"])
def test_rows_with_an_infinite_number_go_to_the_quarantine(infinite: str) -> None:
    table = Table(ROWS)
    visits = np.array(table.columns["visits"], dtype=object)
    visits[:12] = infinite
    table.columns["visits"] = visits
    trained = train(table.to_csv())
    assert "12 rows with something else go to the quarantine" in trained.evidence["visits"]
    assert "inf" not in trained.evidence["visits"]
    assert trained.data.rows == ROWS - 12
    assert trained.result.outcome == "promoted"


def test_a_column_of_many_infinities_is_named_and_left_out() -> None:
    # What is left tells less, so that it takes more rows to be better than chance.
    table = Table(2 * ROWS)
    visits = np.array(table.columns["visits"], dtype=object)
    visits[:200] = "inf"
    table.columns["visits"] = visits
    trained = train(table.to_csv())
    assert trained.evidence["visits"] == "numbers mixed with 200 cells that are none"
    assert trained.result.outcome == "promoted"


def test_a_declared_column_of_infinities_is_one_sentence() -> None:
    table = Table(ROWS)
    table.columns["visits"] = ["inf"] * ROWS
    trained = train(table.to_csv(), stated=as_kind("numeric", "visits"))
    assert trained.result.outcome == "rejected"
    assert "600 of 600 rows break the data contract" in trained.result.reason
    assert "not a number in column 'visits'" in trained.result.reason


def test_numbers_near_the_end_of_float32_make_a_model() -> None:
    table = Table(ROWS)
    table.columns["visits"] = np.array(table.columns["visits"]) * 5e37
    trained = train(table.to_csv())
    assert trained.result.outcome == "promoted"
    assert trained.evaluation.parity.classes_identical


def test_fifty_thousand_levels_are_too_many_to_learn_from() -> None:
    table = Table(51_000, strength=3.0)
    table.columns["shop"] = [f"s{place % 50_000}" for place in range(table.rows)]
    trained = train(table.to_csv())
    assert trained.evidence["shop"].startswith("50000 different texts in 51000 rows: too many")
    assert trained.result.outcome == "promoted"


def test_fifty_thousand_levels_that_are_declared_do_no_harm() -> None:
    table = Table(51_000, strength=3.0)
    shops = [f"s{place % 50_000}" for place in range(table.rows)]
    table.columns["shop"] = shops
    trained = train(table.to_csv(), stated=as_kind("categorical", "shop"))
    assert "shop" in trained.features
    assert trained.result.outcome == "promoted"
    possible = float(np.mean(table.probability * (1 - table.probability)))
    assert trained.evaluation.metrics["brier_score"] == pytest.approx(possible, abs=0.005)


def test_a_table_of_few_different_rows_is_cut_by_chance_alone() -> None:
    """Passengers by class, sex and age: hundreds are alike, and some of them lived."""
    table = Table(1300, seed=5)
    classes = table.random.choice(["1st", "2nd", "3rd"], table.rows)
    sexes = table.random.choice(["women", "man"], table.rows)
    ages = table.random.choice(["adult", "child"], table.rows, p=[0.9, 0.1])
    table.columns = {"class": classes, "sex": sexes, "age": ages}
    odds = 2.4 * (sexes == "women") + 1.0 * (classes == "1st") + 0.7 * (ages == "child") - 1.6
    lived = table.random.random(table.rows) < 1 / (1 + np.exp(-odds))
    trained = train(table.to_csv(np.where(lived, "yes", "no")))
    assert trained.result.outcome == "promoted"
    assert trained.evaluation.metrics["roc_auc"] > 0.7
    assert 0.15 * table.rows < trained.data.holdout_rows < 0.25 * table.rows
