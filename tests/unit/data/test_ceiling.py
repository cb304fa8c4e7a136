"""The best possible scores are those of the simulator's own truth, row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score

from core.errors import InvalidInputError
from training.data.ceiling import SCORE_NAMES, best_possible, recall_truth, score_truth
from training.data.simulator import BREAKS, simulate


@settings(max_examples=20)
@given(order=st.permutations(range(0, 1500, 7)), seed=st.integers(0, 3))
def test_truth_is_recalled_in_the_order_of_the_rows(order: list[int], seed: int) -> None:
    people = simulate(1500, seed=seed)
    probability, churned = recall_truth(people.identifiers[order].tolist())
    np.testing.assert_array_equal(probability, people.true_probability[order])
    np.testing.assert_array_equal(churned, people.churned[order])


def test_live_customers_and_other_seeds_are_told_apart() -> None:
    trained = [simulate(20, seed=seed) for seed in (0, 5)]
    some = [*trained, *(simulate(20, seed=seed, stream="live") for seed in (0, 5))]
    names = [name for people in some for name in people.identifiers.tolist()]
    expected = np.concatenate([people.true_probability for people in some])
    np.testing.assert_array_equal(recall_truth(names)[0], expected)


def test_truth_of_a_broken_world_is_that_of_its_own_rule() -> None:
    world = BREAKS["price_shock"].world
    people = simulate(50, seed=0, world=world)
    names = people.identifiers.tolist()
    np.testing.assert_array_equal(recall_truth(names, world=world)[0], people.true_probability)
    assert not np.array_equal(recall_truth(names)[0], people.true_probability)


def test_scores_agree_with_scikit_learn_when_some_probabilities_are_equal() -> None:
    people = simulate(800, seed=1)
    p, y = people.true_probability.round(1).clip(0.05, 0.95), people.churned
    scores = score_truth(p, y)
    assert tuple(scores) == SCORE_NAMES
    assert scores == pytest.approx(
        {
            "roc_auc": roc_auc_score(y, p),
            "log_loss": log_loss(y, p),
            "brier_score": brier_score_loss(y, p),
            "accuracy": accuracy_score(y, p >= 0.5),
        }
    )


def test_no_distorted_probability_scores_better_than_the_truth() -> None:
    people = simulate(20_000, seed=0)
    best = best_possible(people.identifiers.tolist())
    odds = people.true_probability / (1 - people.true_probability)
    for power in (0.6, 1.6):
        distorted = odds**power / (1 + odds**power)
        worse = score_truth(distorted, people.churned)
        assert worse["log_loss"] > best["log_loss"]
        assert worse["brier_score"] > best["brier_score"]


@pytest.mark.parametrize("name", ["", "7590-VHVEG", "T0-1", "X0-000001", "T0-000001 ", "T-000001"])
def test_rejects_rows_that_are_not_simulated(name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"Identifier 2 of 2") as caught:
        best_possible(["T0-000001", name])
    assert not name or name not in str(caught.value)


def test_rejects_rows_of_one_outcome() -> None:
    with pytest.raises(InvalidInputError, match="both outcomes"):
        score_truth([0.5, 0.6], [True, True])
    with pytest.raises(InvalidInputError, match="both outcomes"):
        best_possible([])
