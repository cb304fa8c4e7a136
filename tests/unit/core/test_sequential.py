"""Looking after every row costs nothing, and a difference that is there is found."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from core.sequential import (
    MIN_ROWS,
    Interval,
    asymptotic_sequence,
    bound_now,
    bounded_sequence,
    find_large,
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


def draw_alike(rng: np.random.Generator) -> np.ndarray:
    return draw_losses(rng, ROWS, skill=1.0)


def draw_seasons(rng: np.random.Generator) -> np.ndarray:
    """Return losses of a world that turns: outcomes are frequent, rare, frequent, rare."""
    chance = 0.5 + 0.35 * np.sin(np.linspace(0, 4 * np.pi, ROWS))
    return (0.3 - (rng.uniform(size=ROWS) < chance)) ** 2


def draw_yes_before_no(rng: np.random.Generator) -> np.ndarray:
    """Return losses as they become known where a yes is known at once, and a no much later."""
    chance = rng.beta(0.5, 8, ROWS)
    outcome = rng.uniform(size=ROWS) < chance
    known_at = np.arange(ROWS) + np.where(outcome, 0, ROWS)
    return ((chance - outcome) ** 2)[np.argsort(known_at, kind="stable")]


def draw_change(rng: np.random.Generator) -> np.ndarray:
    chance = np.where(np.arange(ROWS) < 0.3 * ROWS, 0.9, 0.05)
    return (0.1 - (rng.uniform(size=ROWS) < chance)) ** 2


def draw_growing_errors(rng: np.random.Generator) -> np.ndarray:
    return np.linspace(1, 3, ROWS) * np.abs(rng.normal(size=ROWS))


def draw_seldom_huge_errors(rng: np.random.Generator) -> np.ndarray:
    """Return errors such as those of insured damages: small but for one in a hundred."""
    small, huge = 0.5 + 0.1 * rng.uniform(size=ROWS), rng.lognormal(3, 1, ROWS)
    return np.where(rng.uniform(size=ROWS) < 0.01, huge, small)


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize(
    ("draw", "largest"),
    [
        (draw_alike, 1.0),
        (draw_seasons, 1.0),
        (draw_yes_before_no, 1.0),
        (draw_change, 1.0),
        (draw_growing_errors, None),
        (draw_seldom_huge_errors, None),
    ],
)
def test_arms_that_are_alike_are_hardly_ever_told_apart_whatever_the_world_does(
    draw: Callable[[np.random.Generator], np.ndarray], largest: float | None, share: float
) -> None:
    rng, worlds, alarms = np.random.default_rng(11), 60, 0
    for _ in range(worlds):
        losses, tried = draw(rng), rng.uniform(size=ROWS) < share
        alarms += any(
            tell_apart(losses[:rows], tried[:rows], largest)
            for rows in range(MIN_ROWS, ROWS + 1, 2 * MIN_ROWS)
        )
    assert alarms <= ALPHA * worlds


def tell_apart(losses: np.ndarray, tried: np.ndarray, largest: float | None) -> bool:
    one, other = (
        bound_now(list(losses[arm]), alpha=ALPHA / 2, largest=largest, beside=list(losses))
        for arm in (tried, ~tried)
    )
    lower, upper = subtract(one, other)
    assert lower <= upper
    return lower > 0 or upper < 0


def test_a_difference_is_found_when_there_is_one() -> None:
    rng = np.random.default_rng(3)
    better, worse = (
        bound_now(list(draw_losses(rng, 4000, skill=skill)), alpha=ALPHA / 2, largest=1.0)
        for skill in (0.4, 1.0)
    )
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
    nothing = Interval(-math.inf, math.inf)
    few = list(np.arange(MIN_ROWS, dtype=float))
    assert bool(np.isinf(asymptotic_sequence(few, alpha=ALPHA).upper).all())
    assert bound_now(few, alpha=ALPHA, largest=None) == nothing
    assert bound_now([*few, 50.0], alpha=ALPHA, largest=None) != nothing
    assert bound_now([], alpha=ALPHA, largest=1.0) == nothing
    known = bound_now([0.5], alpha=ALPHA, largest=1.0)
    assert subtract(nothing, known) == nothing


def test_a_few_huge_errors_need_a_larger_sample() -> None:
    alike, odd = [1.0] * 990, [100.0] * 10
    assert find_large(alike) == find_large([]) == MIN_ROWS
    # One in a hundred: 25 of them are needed, so 2500 rows.
    assert find_large(alike + odd) == pytest.approx(2500, rel=0.05)
    # What one arm knows holds for the other, which may not have seen it yet.
    errors = [1.0, 1.1] * 200
    assert math.isfinite(bound_now(errors, alpha=ALPHA, largest=None).upper)
    assert math.isinf(bound_now(errors, alpha=ALPHA, largest=None, beside=alike + odd).upper)


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
