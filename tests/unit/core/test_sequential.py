"""Looking after every row costs nothing, and a difference that is there is found."""

import math

import numpy as np
import pytest

from core.sequential import (
    MIN_ROWS,
    asymptotic_sequence,
    bounded_sequence,
    mismatch_evidence,
    subtract,
)

ALPHA = 0.05
WORLDS = 300
ROWS = 3000


def draw_losses(rng: np.random.Generator, rows: int, *, skill: float) -> np.ndarray:
    """Brier losses of calibrated answers: sharper ones have lower losses."""
    chance = rng.beta(skill, skill, rows)
    outcome = rng.uniform(size=rows) < chance
    return (chance - outcome) ** 2


def test_looking_after_every_row_gives_no_more_false_alarms_than_promised() -> None:
    rng, wrong, fooled = np.random.default_rng(7), 0, 0
    mean = float(np.mean(draw_losses(rng, 2_000_000, skill=1.0)))
    for _ in range(WORLDS):
        losses = draw_losses(rng, ROWS, skill=1.0)
        bounds = bounded_sequence(losses, alpha=ALPHA)
        wrong += bool(((bounds.lower > mean) | (bounds.upper < mean)).any())
        fooled += was_ever_outside_the_usual_interval(losses, mean)
    assert wrong <= ALPHA * WORLDS
    assert fooled > 3 * ALPHA * WORLDS  # what the same looks do to an interval for one look


def was_ever_outside_the_usual_interval(losses: np.ndarray, mean: float) -> bool:
    count = np.arange(1, losses.size + 1)
    means = np.cumsum(losses) / count
    spreads = np.sqrt(np.cumsum(losses**2) / count - means**2)
    return bool((np.abs(means - mean) > 1.96 * spreads / np.sqrt(count))[MIN_ROWS:].any())


def test_two_arms_are_hardly_ever_told_apart_when_they_are_alike() -> None:
    rng, alarms = np.random.default_rng(11), 0
    for _ in range(WORLDS):
        arms = [
            bounded_sequence(draw_losses(rng, rows, skill=1.0), alpha=ALPHA / 2)
            for rows in (ROWS, ROWS // 10)
        ]
        # The best bounds so far are kept, so the last one tells of every look.
        lower, upper = subtract(arms[0], arms[1])
        alarms += lower > 0 or upper < 0
    assert alarms <= ALPHA * WORLDS


def test_a_difference_is_found_when_there_is_one() -> None:
    rng = np.random.default_rng(3)
    better = bounded_sequence(draw_losses(rng, 4000, skill=0.4), alpha=ALPHA / 2)
    worse = bounded_sequence(draw_losses(rng, 4000, skill=1.0), alpha=ALPHA / 2)
    lower, upper = subtract(better, worse)
    truth = float(
        np.mean(draw_losses(rng, 1_000_000, skill=0.4))
        - np.mean(draw_losses(rng, 1_000_000, skill=1.0))
    )
    assert lower < truth < upper < 0


def test_bounds_scale_with_the_largest_value() -> None:
    losses = draw_losses(np.random.default_rng(1), 500, skill=1.0)
    small, large = (
        bounded_sequence(losses, alpha=ALPHA),
        bounded_sequence(2 * losses, alpha=ALPHA, largest=2.0),
    )
    np.testing.assert_allclose(large.upper, 2 * small.upper)
    np.testing.assert_allclose(large.lower, 2 * small.lower)


@pytest.mark.parametrize("values", [[1.2], [-0.1], [math.nan], [[0.5]]])
def test_rejects_values_beyond_the_bounds(values: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bounded_sequence(values, alpha=ALPHA)


def test_errors_without_a_limit_give_few_false_alarms_too() -> None:
    rng, wrong = np.random.default_rng(5), 0
    mean = 100 * math.sqrt(2 / math.pi)
    for _ in range(WORLDS):
        bounds = asymptotic_sequence(np.abs(rng.normal(0, 100, ROWS)), alpha=ALPHA)
        wrong += bool(((bounds.lower > mean) | (bounds.upper < mean)).any())
        assert bounds.upper[-1] - bounds.lower[-1] < mean / 2
    assert wrong <= ALPHA * WORLDS


def test_nothing_is_said_of_few_rows() -> None:
    bounds = asymptotic_sequence(np.arange(MIN_ROWS), alpha=ALPHA)
    assert bool(np.isinf(bounds.upper).all())
    empty = bounded_sequence([], alpha=ALPHA)
    assert subtract(empty, bounds) == (-math.inf, math.inf)


def test_a_fair_draw_is_hardly_ever_a_mismatch_whenever_it_is_looked_at() -> None:
    rng, alarms = np.random.default_rng(2), 0
    for _ in range(WORLDS):
        inside = np.cumsum(rng.uniform(size=600) < 0.1)
        alarms += any(
            mismatch_evidence([(0.1, int(a), int(n + 1 - a))]) >= 1 / 0.01
            for n, a in enumerate(inside)
        )
    assert alarms <= 0.01 * WORLDS


def test_a_share_that_is_not_kept_is_found() -> None:
    assert mismatch_evidence([(0.5, 600, 400)]) > 1000
    assert mismatch_evidence([(0.1, 100, 900), (0.5, 500, 500)]) < 1
    assert mismatch_evidence([]) == 1
    assert mismatch_evidence([(1.0, 5, 1)]) == math.inf
    assert mismatch_evidence([(0.01, 5000, 0)]) == math.inf
