import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from core.contract import Contract
from core.errors import InvalidInputError
from tests.unit.training.test_export import make_contract, make_rows
from training.data.arrays import Rows
from training.data.names import Budget
from training.model.candidates import Material, prepare
from training.model.configure import configure, cross_validate
from training.model.folds import make_folds
from training.model.recipes import RECIPES, Recipe, choose_defaults
from training.model.search import EFFORTS, Effort, Found, count_configurations, count_folds, search
from training.model.size import (
    estimate_size,
    find_reason_not_to_export,
    find_reason_not_to_fit,
    limit_numbers,
    limit_space,
)
from training.model.vocabulary import Vocabulary
from training.model.words import Lexicon

CANDIDATES = ("linear", "boosting", "forest", "neural")


def find(recipe: Recipe, rows: Rows, contract: Contract, *, budget: Budget, seed: int) -> Found:
    return search(recipe, prepare(recipe, rows, contract), rows, budget=budget, seed=seed)


def make_wide(classes: int) -> Contract:
    rows = make_rows("multiclass")
    labels = tuple(f"class {place}" for place in range(classes))
    return make_contract("multiclass", rows).model_copy(update={"classes": labels})


def test_the_same_seed_finds_the_same_configuration() -> None:
    rows = make_rows("binary", rows=300)
    contract = make_contract("binary", rows)
    first = find(RECIPES["linear"], rows, contract, budget="standard", seed=5)
    assert first.configurations > 1
    assert find(RECIPES["linear"], rows, contract, budget="standard", seed=5) == first


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_halving_searches_where_there_are_rows_enough(task: str) -> None:
    rows = make_rows(task, rows=3000)  # type: ignore[arg-type]
    contract = make_contract(task, rows)  # type: ignore[arg-type]
    found = find(RECIPES["linear"], rows, contract, budget="standard", seed=0)
    assert found.configurations == EFFORTS["standard"].configurations
    folds = make_folds(rows, contract, count=3, seed=0)
    recipe = RECIPES["linear"]
    material = prepare(recipe, rows, contract)
    crossed = cross_validate(recipe, material, folds, seed=0, parameters=found.parameters)
    default = cross_validate(recipe, material, folds, seed=0)
    assert crossed.loss < 1.2 * default.loss


def test_a_tiny_budget_searches_nothing() -> None:
    rows = make_rows("binary")
    for candidate in CANDIDATES:
        contract = make_contract("binary", rows)
        found = find(RECIPES[candidate], rows, contract, budget="tiny", seed=0)
        assert (dict(found.parameters), found.configurations) == ({}, 0)


def test_a_budget_tries_less_when_there_is_more_to_fit() -> None:
    effort = Effort(folds=5, seconds=60, configurations=1000)
    counts = [
        count_configurations(RECIPES["forest"], effort, rows=rows, width=20, halving=True)
        for rows in (1_000, 100_000, 10_000_000)
    ]
    assert counts[0] > counts[1] > counts[2] == 0
    halved = count_configurations(RECIPES["forest"], effort, rows=1000, width=20, halving=True)
    whole = count_configurations(RECIPES["forest"], effort, rows=1000, width=20, halving=False)
    assert halved >= 2 * whole


def test_classes_may_be_weighted_only_when_one_is_rare() -> None:
    space = RECIPES["linear"].list_space("binary", imbalanced=True)
    assert space["model__class_weight"] == (None, "balanced")
    assert "model__class_weight" not in RECIPES["linear"].list_space("binary", imbalanced=False)
    assert "model__class_weight" not in RECIPES["neural"].list_space("binary", imbalanced=True)
    assert "model__class_weight" not in RECIPES["linear"].list_space("regression", imbalanced=True)


def test_no_group_is_fitted_and_left_out_in_one_fold() -> None:
    rows = make_rows("binary")
    grouped = Rows(rows.inputs, rows.target, np.arange(len(rows)) // 8)
    for fitted, left_out in make_folds(grouped, make_contract("binary", rows), count=5, seed=0):
        assert grouped.groups is not None
        assert not set(grouped.groups[fitted].tolist()) & set(grouped.groups[left_out].tolist())


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_later_rows_are_left_out_when_there_is_a_time(task: str) -> None:
    rows = make_rows(task)  # type: ignore[arg-type]
    contract = make_contract(task, rows).model_copy(update={"time": "t"})  # type: ignore[arg-type]
    folds = make_folds(rows, contract, count=5, seed=0)
    assert len(folds) == 5
    assert all(fitted.max() < left_out.min() for fitted, left_out in folds)
    material = prepare(RECIPES["linear"], rows, contract)
    crossed = cross_validate(RECIPES["linear"], material, folds, seed=0)
    assert (crossed.folds == -1).sum() == folds[0][0].size


def test_folds_without_rows_of_all_classes_are_left_out() -> None:
    rows = make_rows("binary")
    late = Rows(rows.inputs, (np.arange(len(rows)) >= 150).astype(np.float64))
    contract = make_contract("binary", rows).model_copy(update={"time": "t"})
    assert 0 < len(make_folds(late, contract, count=5, seed=0)) < 5


def test_rejects_groups_that_leave_nothing_to_fit() -> None:
    rows = make_rows("binary")
    one = Rows(rows.inputs, rows.target, np.zeros(len(rows), dtype=np.int64))
    contract = make_contract("binary", rows).model_copy(update={"group": "g"})
    with pytest.raises(InvalidInputError, match="groups of the training rows"):
        make_folds(one, contract, count=5, seed=0)


def test_a_graph_that_would_be_too_large_is_refused_before_it_is_fitted() -> None:
    assert find_reason_not_to_export(RECIPES["forest"], make_wide(3)) == ""
    reason = find_reason_not_to_export(RECIPES["forest"], make_wide(1000))
    assert "With 1000 classes, the graph of forest would have about" in reason
    assert find_reason_not_to_export(RECIPES["linear"], make_wide(1000)) == ""


def test_a_search_tries_no_configuration_whose_graph_would_be_too_large() -> None:
    contract = make_wide(150)
    recipe = RECIPES["boosting"]
    whole = recipe.list_space("multiclass", imbalanced=False)
    limited = limit_space(recipe, contract, whole)
    largest = {name: max(limited[name]) for name in ("model__max_iter", "model__max_leaf_nodes")}
    assert estimate_size(recipe, contract, largest) <= 64 * 2**20
    assert limit_space(recipe, make_wide(3), whole) == whole


def make_material(*, rows: int, numbers: int, levels: int = 0, words: int = 0) -> Material:
    contract = make_contract("binary", make_rows("binary"))
    names = tuple(str(place) for place in range(levels))
    lexicon = Lexicon(tuple(str(place) for place in range(words)), ())
    vocabulary = Vocabulary(numbers, (names,), (lexicon,))
    matrix = np.empty((rows, 0), np.float32)
    return Material(contract, vocabulary, matrix, np.zeros(rows), "nothing")


def test_more_features_than_can_be_held_are_refused_before_they_are_made() -> None:
    small = make_material(rows=1_000_000, numbers=20, levels=50_000)
    assert all(find_reason_not_to_fit(RECIPES[name], small) == "" for name in CANDIDATES)
    large = make_material(rows=1_000_000, numbers=500)
    reason = find_reason_not_to_fit(RECIPES["linear"], large)
    assert reason.startswith("The 1,000 features that linear makes of 1,000,000 rows would take")
    assert find_reason_not_to_fit(RECIPES["baseline"], large) == ""


def test_weights_that_would_make_too_large_a_graph_are_refused() -> None:
    material = make_material(rows=5000, numbers=2000)
    assert find_reason_not_to_fit(RECIPES["linear"], material) == ""
    many = replace(material, contract=make_wide(3000))
    reason = find_reason_not_to_fit(RECIPES["linear"], many)
    assert "With 4,000 features and 3000 classes, the graph of linear would have about" in reason


def test_a_search_reads_numbers_only_in_ways_that_can_be_held() -> None:
    space = RECIPES["linear"].list_space("binary", imbalanced=False)
    ways = ("scaled", "binned", "interactions")
    few = make_material(rows=100_000, numbers=20)
    assert tuple(limit_numbers(RECIPES["linear"], few, space)["features__numbers"]) == ways
    many = make_material(rows=1_500_000, numbers=20)
    kept = limit_numbers(RECIPES["linear"], many, space)["features__numbers"]
    assert tuple(kept) == ("scaled",)


def test_a_search_reads_texts_in_two_ways_where_there_are_texts() -> None:
    linear = RECIPES["linear"]
    space = linear.list_space("binary", imbalanced=False, reads_texts=True)
    assert space["features__texts"] == ("words", "topics")
    assert "features__texts" not in linear.list_space("binary", imbalanced=False)
    boosting = RECIPES["boosting"].list_space("binary", imbalanced=False, reads_texts=True)
    assert "features__texts" not in boosting


@pytest.mark.parametrize(
    ("rows", "trees"), [(100, 100), (29_999, 100), (30_000, 200), (10**6, 300)]
)
def test_more_rows_are_told_by_more_trees(rows: int, trees: int) -> None:
    chosen = choose_defaults(RECIPES["boosting"], "binary", rows=rows)
    assert chosen == {"model__max_iter": trees}
    assert choose_defaults(RECIPES["boosting"], "regression", rows=rows) == chosen


def test_defaults_that_do_not_follow_from_rows_are_left_alone() -> None:
    # Each of many classes has trees of its own already.
    assert choose_defaults(RECIPES["boosting"], "multiclass", rows=10**6) == {}
    for name in ("baseline", "linear", "forest", "neural"):
        assert choose_defaults(RECIPES[name], "binary", rows=10**6) == {}


def test_a_run_fits_and_notes_the_trees_that_its_rows_ask_for() -> None:
    rows = make_rows("binary", rows=300)
    recipe, contract = RECIPES["boosting"], make_contract("binary", rows)
    chosen = configure(recipe, prepare(recipe, rows, contract), rows, budget="tiny", seed=0)
    assert chosen.parameters == {"model__max_iter": 100}
    assert chosen.configurations == 1


def test_fewer_folds_are_enough_when_there_are_many_rows() -> None:
    assert [count_folds("thorough", rows=rows) for rows in (100, 199_999, 200_000)] == [5, 5, 3]
    assert [count_folds("tiny", rows=rows) for rows in (100, 10_000_000)] == [3, 3]


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_clock_has_no_say_in_what_is_tried(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows("binary", rows=90)
    contract = make_contract("binary", rows)
    monkeypatch.setitem(EFFORTS, "standard", Effort(folds=2, seconds=60.0, configurations=3))
    first = find(RECIPES[name], rows, contract, budget="standard", seed=1)
    ticks = itertools.count()
    for clock in ("time", "perf_counter", "process_time", "monotonic"):
        monkeypatch.setattr(time, clock, lambda: 1000.0 * next(ticks))  # a very slow machine
    assert find(RECIPES[name], rows, contract, budget="standard", seed=1) == first
