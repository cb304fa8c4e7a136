"""What an experiment says: each arm's outcome, and what may be concluded from it at this moment.

Outcomes are counted in the order in which they became known, and each unit (the caller, or the
prediction, whatever arms are drawn by) counts once, by its first: rows of one customer resemble
each other, and would make a test too sure if each of them counted.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from core.contract import Contract
from core.events import Capture, Feedback
from core.losses import find_largest, measure_losses, read_answer
from core.records import AliasState
from core.sequential import Interval, bound_now, mismatch_evidence, subtract

ALPHA = 0.05
"""The chance that a conclusion is ever wrong, however often one looks."""

MISMATCH_ALPHA = 0.001
"""The chance of a false alarm about the shares."""

Verdict = Literal["better", "worse", "open"]


@dataclass(frozen=True, slots=True)
class ArmReport:
    """One arm: what its callers got, with the champion's answers where a challenger had none.

    Attributes
    ----------
    predictions, units : int
        Captured rows, and the callers or predictions among them.
    labelled : int
        Units whose outcome is known: those that count.
    loss : float or None
        Their mean loss; lower is better.
    lower, upper : float or None
        Where the true mean lies at all times, with a chance of 1 - `ALPHA` / 2; None where nothing
        can be said yet.
    took_ms : float or None
        The version's median time for the rows of a request.
    """

    arm: str
    version: int
    predictions: int
    units: int
    labelled: int
    loss: float | None
    lower: float | None
    upper: float | None
    took_ms: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The loss of the version that is tried less the other one's: below 0 it is better.

    `lower` and `upper` hold at all times, with a chance of 1 - `ALPHA`.
    """

    loss: float | None
    lower: float | None
    upper: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SplitReport:
    """A challenger against a champion.

    Attributes
    ----------
    fallbacks : int
        Captured rows that were meant for the challenger, and that the champion answered.
    mismatch : float
        Evidence that units are not shared as they should be; see
        `core.sequential.mismatch_evidence`.
    is_mismatched : bool
        Whether that is so much that nothing should be concluded.
    shares : int
        How many different shares there were.
    """

    champion: ArmReport
    challenger: ArmReport
    difference: Difference
    fallbacks: int
    mismatch: float
    is_mismatched: bool
    shares: int


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """A shadow against what was answered to the same rows.

    Attributes
    ----------
    rows : int
        Rows that both answered.
    agreement : float or None
        The share of equal predictions; None for a regression.
    mean_difference, mean_distance : float or None
        Of the scores, shadow less answer, with and without their sign: the positive class's
        probability, the likeliest class's of several, or the prediction of a regression.
    took_ms, answered_in_ms : float or None
        Median times for the rows of a request.
    labelled : int
        Units whose outcome is known.
    difference : Difference
        Of the losses on the same rows.
    """

    rows: int
    agreement: float | None
    mean_difference: float | None
    mean_distance: float | None
    took_ms: float | None
    answered_in_ms: float | None
    labelled: int
    difference: Difference


def judge_split(
    contract: Contract,
    state: AliasState,
    captures: Iterable[Capture],
    outcomes: Sequence[Feedback],
) -> SplitReport:
    """Compare a challenger with its champion.

    Rows that a challenger could not answer count as its arm's, by the answer that their callers
    got. Without them, a challenger that fails on difficult rows would look better for it.

    Parameters
    ----------
    contract : Contract
        Of the champion.
    state : AliasState
        The challenger's alias.
    captures : iterable of Capture
        In the order of their ids; those of other experiments are left out.
    outcomes : sequence of Feedback
        In the order in which they became known.
    """
    versions = {"champion": state.against, "challenger": state.version, "fallback": state.against}
    ours = [
        one
        for one in captures
        if one.experiment == state.experiment and versions.get(one.arm) == one.model_version
    ]
    answered = {one.prediction_id: one for one in ours}
    losses = measure_losses(contract, answered, outcomes)
    values = {
        arm: [loss for key, loss in losses if _drawn(answered[key]) == arm]
        for arm in ("champion", "challenger")
    }
    every = [loss for _, loss in losses]
    bounds = {
        arm: bound_now(found, alpha=ALPHA / 2, largest=find_largest(contract), beside=every)
        for arm, found in values.items()
    }
    arms = {
        arm: _describe(arm, versions[arm] or 0, ours, values[arm], bounds[arm]) for arm in values
    }
    counts = _count_units(ours)
    evidence = mismatch_evidence(counts)
    return SplitReport(
        arms["champion"],
        arms["challenger"],
        _conclude(
            _subtract_means(values["challenger"], values["champion"]),
            subtract(bounds["challenger"], bounds["champion"]),
        ),
        sum(one.arm == "fallback" for one in ours),
        evidence,
        evidence >= 1 / MISMATCH_ALPHA,
        len(counts),
    )


def judge_shadow(
    contract: Contract,
    state: AliasState,
    captures: Iterable[Capture],
    outcomes: Sequence[Feedback],
    *,
    champion: int,
) -> ShadowReport:
    """Compare a shadow with what the champion answered to the same rows; see `judge_split`."""
    every = list(captures)
    shadows = {
        one.prediction_id: one
        for one in every
        if one.arm == "shadow"
        and one.experiment == state.experiment
        and one.model_version == state.version
    }
    answers = {
        one.prediction_id: one
        for one in every
        if one.arm != "shadow" and one.model_version == champion and one.prediction_id in shadows
    }
    pairs = [(shadows[key], answer) for key, answer in answers.items()]
    both = {key: shadows[key] for key in answers}
    mine = dict(measure_losses(contract, both, outcomes))
    theirs = dict(measure_losses(contract, answers, outcomes))
    differences = [mine[key] - theirs[key] for key in theirs if key in mine]
    scores = [(_score(contract, a), _score(contract, b)) for a, b in pairs]
    moved = [a - b for a, b in scores if a is not None and b is not None]
    return ShadowReport(
        len(pairs),
        _mean([a.prediction == b.prediction for a, b in pairs]) if contract.classes else None,
        _mean(moved),
        _mean([abs(move) for move in moved]),
        _median_ms([a for a, _ in pairs]),
        _median_ms([b for _, b in pairs]),
        len(differences),
        _conclude(_mean(differences), _bound_differences(contract, differences)),
    )


def _bound_differences(contract: Contract, values: Sequence[float]) -> Interval:
    """Bound the mean of differences of losses on the same rows."""
    largest = find_largest(contract)
    if largest is None:
        return bound_now(values, alpha=ALPHA, largest=None)
    moved = [value + largest for value in values]
    lower, upper = bound_now(moved, alpha=ALPHA, largest=2 * largest)
    return Interval(lower - largest, upper - largest)


def _describe(
    arm: str, version: int, captures: Sequence[Capture], losses: Sequence[float], bounds: Interval
) -> ArmReport:
    ours = [one for one in captures if _drawn(one) == arm]
    return ArmReport(
        arm,
        version,
        len(ours),
        len({one.unit or one.prediction_id for one in ours}),
        len(losses),
        _mean(losses),
        _finite(bounds.lower),
        _finite(bounds.upper),
        _median_ms([one for one in ours if one.arm == arm]),
    )


def _drawn(capture: Capture) -> str:
    """Return the arm that a row drew, whoever answered it."""
    return "challenger" if capture.arm == "fallback" else capture.arm


def _count_units(captures: Iterable[Capture]) -> list[tuple[float, int, int]]:
    """Count units inside and outside the challenger's share, each once, by its first row."""
    counts: dict[float, list[int]] = {}
    seen = set()
    for one in captures:
        unit = one.unit or one.prediction_id
        if one.share is not None and unit not in seen:
            seen.add(unit)
            counts.setdefault(one.share, [0, 0])[_drawn(one) == "champion"] += 1
    return [(share, inside, outside) for share, (inside, outside) in sorted(counts.items())]


def _conclude(loss: float | None, bounds: Interval) -> Difference:
    lower, upper = bounds
    verdict: Verdict = "better" if upper < 0 else "worse" if lower > 0 else "open"
    return Difference(loss, _finite(lower), _finite(upper), verdict)


def _score(contract: Contract, capture: Capture) -> float | None:
    answer = read_answer(contract, capture)
    if answer is None:
        return None
    return max(answer) if len(answer) > 2 else answer[-1]


def _subtract_means(one: Sequence[float], other: Sequence[float]) -> float | None:
    first, second = _mean(one), _mean(other)
    return None if first is None or second is None else first - second


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _median_ms(captures: Sequence[Capture]) -> float | None:
    times = [one.took_ms for one in captures if one.took_ms is not None]
    return median(times) if times else None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
