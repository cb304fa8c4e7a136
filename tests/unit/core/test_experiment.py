"""What an experiment concludes from captures and outcomes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from core import keys
from core.assignment import draw
from core.events import Capture, Feedback, new_prediction_id, time_of
from core.experiment import judge_shadow, judge_split
from core.labels import read_labels
from core.records import AliasName, AliasState
from core.store import open_memory
from tests.fixtures.bundles import make_contract

SHARE = 0.5


def make_state(name: AliasName = "challenger", *, share: float = SHARE) -> AliasState:
    return AliasState(
        model="subscriptions",
        alias=name,
        version=2,
        revision=1,
        previous_version=None,
        changed_at=datetime.now(UTC),
        changed_by="me",
        reason="a try",
        share=share,
        experiment=f"{name}-1",
        against=1 if name == "challenger" else None,
    )


def make_capture(chance: float, arm: str, **changed: Any) -> Capture:  # noqa: ANN401 - fields
    prediction_id = new_prediction_id()
    usual: dict[str, Any] = {
        "prediction_id": prediction_id,
        "model": "subscriptions",
        "model_version": 2 if arm in ("challenger", "shadow") else 1,
        "served_at": time_of(prediction_id),
        "features": {},
        "probabilities": {"No": 1 - chance, "Yes": chance},
        "prediction": "Yes" if chance >= 0.5 else "No",
        "arm": arm,
        "experiment": "shadow-1" if arm == "shadow" else "challenger-1",
        "share": SHARE,
        "unit": prediction_id[:16],
        "took_ms": 1.0,
    }
    return Capture(**(usual | changed))


def tell(capture: Capture, outcome: str | float) -> Feedback:
    return Feedback(
        prediction_id=capture.prediction_id,
        model="subscriptions",
        outcome=outcome,
        observed_at=datetime.now(UTC),
    )


def live(rows: int, *, noise: float, seed: int = 0) -> tuple[list[Capture], list[Feedback]]:
    """Let a champion answer with noise, a challenger without, each its half."""
    rng = np.random.default_rng(seed)
    captures, outcomes = [], []
    for number in range(rows):
        chance = rng.beta(0.5, 0.5)
        drawn = draw("subscriptions/challenger-1", str(number))
        arm = "challenger" if drawn.place < SHARE else "champion"
        told = chance if arm == "challenger" else np.clip(chance + rng.normal(0, noise), 0, 1)
        captures.append(make_capture(float(told), arm, unit=drawn.unit))
        outcomes.append(tell(captures[-1], "Yes" if rng.uniform() < chance else "No"))
    return captures, outcomes


CONTRACT = make_contract()


def test_a_better_challenger_is_found_and_its_arms_are_described() -> None:
    captures, outcomes = live(3000, noise=0.6)
    report = judge_split(CONTRACT, make_state(), captures, outcomes)
    assert report.difference.verdict == "better"
    assert report.difference.loss is not None
    assert report.difference.loss < 0
    assert not report.is_mismatched
    assert report.shares == 1
    assert report.champion.version == 1
    assert report.challenger.labelled == report.challenger.units == report.challenger.predictions
    assert report.champion.predictions + report.challenger.predictions == 3000
    assert report.challenger.took_ms == 1.0


def test_alike_arms_stay_open() -> None:
    report = judge_split(CONTRACT, make_state(), *live(1000, noise=0.0))
    assert report.difference.verdict == "open"


def test_nothing_is_said_without_outcomes() -> None:
    captures, _ = live(10, noise=0.0)
    report = judge_split(CONTRACT, make_state(), captures, [])
    assert report.difference.verdict == "open"
    assert (report.difference.loss, report.difference.lower) == (None, None)
    assert report.challenger.loss is None
    none = judge_split(CONTRACT, make_state(), [], [])
    assert none.champion.predictions == 0
    assert none.mismatch == 1


def test_a_unit_counts_once_by_its_first_outcome() -> None:
    rows = [make_capture(chance, "champion", unit="u" * 16) for chance in (0.9, 0.5, 0.1)]
    report = judge_split(CONTRACT, make_state(), rows, [tell(row, "Yes") for row in rows[::-1]])
    assert (report.champion.predictions, report.champion.units) == (3, 1)
    assert report.champion.labelled == 1
    assert report.champion.loss == pytest.approx(0.9**2)


def test_other_experiments_versions_and_broken_outcomes_are_left_out() -> None:
    rows = [
        make_capture(0.9, "champion", experiment="challenger-0"),
        make_capture(0.9, "champion", model_version=3),
        make_capture(0.9, "champion", experiment=None, share=None, unit=None),
        make_capture(0.9, "shadow"),
        make_capture(0.9, "champion", probabilities={"No": 1.0}),
        make_capture(0.9, "champion"),
        make_capture(0.9, "fallback"),
        make_capture(0.9, "challenger"),
    ]
    outcomes = [tell(row, "Yes") for row in rows[:5]]
    outcomes += [tell(rows[5], "Maybe"), tell(rows[6], "Yes"), tell(rows[7], "Yes")]
    report = judge_split(CONTRACT, make_state(), rows, outcomes)
    assert (report.champion.predictions, report.challenger.predictions) == (2, 2)
    assert (report.champion.labelled, report.challenger.labelled) == (0, 2)
    assert report.fallbacks == 1


def test_a_challenger_that_fails_on_difficult_rows_does_not_look_better_for_it() -> None:
    captures, outcomes = live(3000, noise=0.0)
    told = {one.prediction_id: one.outcome == "Yes" for one in outcomes}
    for place, one in enumerate(captures):
        chances = one.probabilities or {}
        is_difficult = abs(chances["Yes"] - told[one.prediction_id]) > 0.4
        if one.arm == "challenger" and is_difficult:
            captures[place] = one.model_copy(update={"arm": "fallback", "model_version": 1})
    report = judge_split(CONTRACT, make_state(), captures, outcomes)
    assert report.fallbacks > 200
    assert report.difference.verdict == "open"
    assert report.challenger.labelled + report.champion.labelled == 3000


def test_arms_of_other_sizes_than_wanted_are_a_mismatch() -> None:
    rows = [make_capture(0.9, "champion") for _ in range(200)]
    rows += [make_capture(0.9, "challenger") for _ in range(80)]
    assert judge_split(CONTRACT, make_state(), rows, []).is_mismatched
    # The same counts are fine where that was the share, and one caller is one.
    fair = [row.model_copy(update={"share": 0.3}) for row in rows]
    assert not judge_split(CONTRACT, make_state(), fair, []).is_mismatched
    one = [row.model_copy(update={"unit": "u" * 16}) for row in rows]
    assert not judge_split(CONTRACT, make_state(), one, []).is_mismatched


def test_regressions_and_many_classes_are_compared_by_their_own_losses() -> None:
    numbers = [
        make_capture(0.0, arm, probabilities=None, prediction=prediction)
        for arm, prediction in [("champion", 3.0), ("challenger", 1.0)] * 200
    ]
    rng = np.random.default_rng(0)
    told = [tell(row, float(rng.normal())) for row in numbers]
    report = judge_split(make_contract(task="regression"), make_state(), numbers, told)
    assert report.difference.verdict == "better"
    chances = {"low": 0.2, "middle": 0.3, "high": 0.5}
    rows = [make_capture(0.0, "champion", probabilities=chances, prediction="high")]
    many = judge_split(make_contract(task="multiclass"), make_state(), rows, [tell(rows[0], "low")])
    assert many.champion.loss == pytest.approx(0.8**2 + 0.3**2 + 0.5**2)


def mirror(rows: Sequence[Capture], chances: Sequence[float]) -> list[Capture]:
    return [
        make_capture(chance, "shadow", prediction_id=row.prediction_id, unit=row.unit, took_ms=3.0)
        for row, chance in zip(rows, chances, strict=True)
    ]


def test_a_shadow_is_compared_on_the_same_rows() -> None:
    answers = [make_capture(chance, "champion") for chance in (0.2, 0.4, 0.8)]
    alone = make_capture(0.1, "champion")
    shadows = mirror(answers, (0.3, 0.6, 0.6))
    outcomes = [tell(answers[0], "Yes")]
    report = judge_shadow(
        CONTRACT, make_state("shadow"), [*answers, alone, *shadows], outcomes, champion=1
    )
    assert report.rows == 3
    assert report.agreement == pytest.approx(2 / 3)
    assert report.mean_difference == pytest.approx(0.1 / 3)
    assert report.mean_distance == pytest.approx(0.5 / 3)
    assert (report.took_ms, report.answered_in_ms) == (3.0, 1.0)
    assert report.labelled == 1
    assert report.difference.loss == pytest.approx(0.7**2 - 0.8**2)
    assert report.difference.verdict == "open"


def test_a_better_shadow_is_found_on_fewer_rows_than_a_challenger() -> None:
    rng = np.random.default_rng(1)
    chances = rng.beta(0.5, 0.5, 600)
    answers = [
        make_capture(float(np.clip(chance + rng.normal(0, 0.6), 0, 1)), "champion")
        for chance in chances
    ]
    outcomes = [
        tell(row, "Yes" if rng.uniform() < chance else "No")
        for row, chance in zip(answers, chances, strict=True)
    ]
    captures = [*answers, *mirror(answers, [float(chance) for chance in chances])]
    report = judge_shadow(CONTRACT, make_state("shadow"), captures, outcomes, champion=1)
    assert report.difference.verdict == "better"


def test_outcomes_are_read_in_the_order_in_which_they_arrived() -> None:
    store = open_memory()
    rows = [make_capture(0.5, "champion") for _ in range(3)]
    for row in reversed(rows):
        body = tell(row, "Yes").model_dump_json().encode()
        store.put(
            keys.feedback("subscriptions", time_of(row.prediction_id), row.prediction_id), body
        )
    at = time_of(rows[0].prediction_id)
    store.put(keys.feedback("subscriptions", at, "0" * 32), b"nothing")
    found = read_labels(store, "subscriptions", since=at - timedelta(minutes=1))
    assert [one.prediction_id for one in found.outcomes] == [
        row.prediction_id for row in reversed(rows)
    ]
    assert found.broken == 1
    assert not found.truncated
    assert not read_labels(store, "other", since=at).outcomes
