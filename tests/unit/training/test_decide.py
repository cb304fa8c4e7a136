import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInputError, NotFoundError
from core.store import open_memory
from training.data.judging import Decision, Judging, Limits, load_judging
from training.judge.decide import choose_half_width, choose_threshold, measure_cost


def draw(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    p = random.random(rows)
    return p, random.random(rows) < p


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision(), 0.5),
        (Decision(false_negative_cost=9), 0.1),
        (Decision(false_positive_cost=3), 0.75),
        (Decision(false_negative_cost=2, true_positive_cost=-2), 0.2),
        (Decision(false_positive_cost=2, true_negative_cost=1, false_negative_cost=4), 0.2),
    ],
)
def test_a_cost_matrix_decides_the_threshold(decision: Decision, expected: float) -> None:
    assert choose_threshold(decision, *draw(10, 0)) == pytest.approx(expected)


def test_the_threshold_of_the_costs_is_the_cheapest_when_probabilities_are_true() -> None:
    decision = Decision(false_negative_cost=5)
    p, positive = draw(200_000, 1)
    chosen = measure_cost(decision, p >= choose_threshold(decision, p, positive), positive).mean()
    for other in (0.02, 0.3, 0.5, 0.8):
        assert chosen < measure_cost(decision, p >= other, positive).mean()


def test_costs_are_read_from_the_matrix() -> None:
    decision = Decision(
        true_negative_cost=1, false_positive_cost=2, false_negative_cost=4, true_positive_cost=3
    )
    said, positive = np.array([False, True, False, True]), np.array([False, False, True, True])
    assert measure_cost(decision, said, positive).tolist() == [1, 2, 4, 3]


@given(st.integers(20, 300), st.integers(0, 999), st.floats(0.1, 0.95))
@settings(deadline=None)
def test_the_target_is_reached_and_nothing_is_given_away(
    rows: int, seed: int, wanted: float
) -> None:
    p, positive = draw(rows, seed)
    p, positive = np.append(np.round(p, 2), [0.999, 0.001]), np.append(positive, [True, False])

    def measure(threshold: float) -> tuple[float, float]:
        said = p >= threshold
        return positive[said].mean(), (said & positive).sum() / positive.sum()

    every = [measure(t) for t in np.unique(p)]
    precision, recall = measure(choose_threshold(Decision(target_precision=wanted), p, positive))
    assert precision >= wanted
    assert recall == max(r for q, r in every if q >= wanted)
    precision, recall = measure(choose_threshold(Decision(target_recall=wanted), p, positive))
    assert recall >= wanted
    assert recall == min(r for _, r in every if r >= wanted)


def test_the_most_precise_threshold_is_taken_when_the_target_cannot_be_reached() -> None:
    p, positive = np.array([0.9, 0.8, 0.1]), np.array([False, True, False])
    assert choose_threshold(Decision(target_precision=0.99), p, positive) == pytest.approx(0.45)


def test_a_threshold_lies_between_answers_so_that_rounding_moves_no_row() -> None:
    p = np.array([0.3, 0.7])
    found = choose_threshold(Decision(target_recall=0.5), p, np.array([False, True]))
    assert found == 0.5


def test_an_interval_holds_the_declared_share_of_new_rows() -> None:
    random, held = np.random.default_rng(0), []
    for _ in range(300):
        errors = random.standard_t(3, 60)
        half = choose_half_width(0.9, np.zeros(59), errors[1:])
        held.append(abs(errors[0]) <= half)
    assert 0.86 <= np.mean(held) <= 0.95


def test_an_interval_is_as_wide_as_the_largest_error_when_rows_are_few() -> None:
    assert choose_half_width(0.9, np.zeros(3), np.array([1.0, -5.0, 2.0])) == 5.0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"decision": {"false_positive_cost": 0}}', "decision: false_positive_cost must be above"),
        ('{"decision": {"true_positive_cost": 2}}', "decision: false_negative_cost must be above"),
        (
            '{"decision": {"target_recall": 0.5, "target_precision": 0.5}}',
            "target_precision or target_recall, not both",
        ),
        ('{"decision": {"target_recall": 1.5}}', "decision.target_recall: input should be less"),
        ('{"gate": {"max_loss": 1}}', "gate.max_loss: there is no such field"),
        ("{", "at the top: invalid JSON"),
    ],
)
def test_rejects_settings_that_make_no_sense(body: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        Judging.from_json(body)


def test_settings_are_the_defaults_until_somebody_declares_others() -> None:
    store = open_memory()
    assert load_judging(store, "small") == Judging()
    declared = Judging(gate=Limits(max_latency_ms=5), decision=Decision(target_recall=0.9))
    store.put("contracts/small.judging.json", declared.to_json())
    assert load_judging(store, "small") == declared
    with pytest.raises(NotFoundError):
        store.get("contracts/other.judging.json")


def test_the_rank_of_an_error_is_not_one_too_high_when_its_share_is_no_binary_number() -> None:
    assert choose_half_width(0.7, np.zeros(9), np.arange(1.0, 10.0)) == 7.0
