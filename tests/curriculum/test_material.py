"""The data of the course's problems: from a seed alone, and as their docstrings say."""

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest

from curriculum.material.bills import bills
from curriculum.material.churn import churn
from curriculum.material.digits import digits
from curriculum.material.fraud import SHARE, fraud
from curriculum.material.plays import plays
from curriculum.material.segments import segments
from curriculum.material.tickets import TEAMS, tickets
from training.data.simulator import BREAKS, contract

MAKERS: dict[str, Callable[[int], object]] = {
    "bills": lambda seed: bills(50, seed=seed),
    "churn": lambda seed: churn(50, seed=seed),
    "digits": lambda seed: digits(50, seed=seed),
    "fraud": lambda seed: fraud(50, seed=seed),
    "plays": lambda seed: plays(20, 15, seed=seed),
    "segments": lambda seed: segments(50, seed=seed),
    "tickets": lambda seed: tickets(50, seed=seed),
}
each_maker = pytest.mark.parametrize("name", MAKERS)


def write(made: object) -> list[object]:
    """Return everything that was made, as values that compare."""
    values: list[object] = []
    for part in astuple(made):  # type: ignore[call-overload]
        values += [part.to_csv() if isinstance(part, pd.DataFrame) else np.asarray(part).tolist()]
    return values


@each_maker
def test_a_seed_gives_the_same_data_every_time(name: str) -> None:
    # As text, because a missing value is not equal to itself.
    assert str(write(MAKERS[name](7))) == str(write(MAKERS[name](7)))


@each_maker
def test_another_seed_gives_other_data(name: str) -> None:
    assert str(write(MAKERS[name](7))) != str(write(MAKERS[name](8)))


def test_churn_has_the_columns_of_the_data_contract() -> None:
    made = churn(300, seed=1)
    declared = contract()
    assert list(made.X) == [column.name for column in declared.columns]
    for column in declared.columns:
        missing = made.X[column.name].isna()
        assert column.nullable or not missing.any(), column.name
        if column.categories:
            assert set(made.X[column.name][~missing]) <= set(column.categories)


def test_churn_goes_on_where_it_was_and_knows_broken_worlds() -> None:
    whole, rest = churn(40, seed=3), churn(10, seed=3, start=30)
    assert rest.customer_id == whole.customer_id[30:]
    assert rest.y.tolist() == whole.y.tolist()[30:]
    broken = churn(40, seed=3, world=BREAKS["units"].world)
    assert (broken.X["monthly_bill"] > 50 * whole.X["monthly_bill"]).all()


def test_probabilities_are_those_of_what_happens() -> None:
    for made in (churn(4000, seed=2), fraud(60_000, seed=2, share=0.05)):
        spread = float(np.sqrt((made.probability * (1 - made.probability)).sum()))
        assert abs(made.y.sum() - made.probability.sum()) < 4 * spread


def test_one_payment_in_500_is_a_fraud() -> None:
    made = fraud(50_000, seed=4)
    assert made.probability.mean() == pytest.approx(SHARE, rel=1e-6)
    # And it can be found: those who were defrauded had a higher probability beforehand.
    assert made.probability[made.y == 1].mean() > 10 * made.probability.mean()


def test_no_prediction_of_a_bill_is_better_than_its_mean() -> None:
    made = bills(5000, seed=5)
    ratio = made.y / made.mean
    assert ratio.mean() == pytest.approx(1.0, abs=0.01)
    assert np.log(ratio).std() == pytest.approx(0.12, abs=0.01)


def test_what_is_played_later_was_not_played_before() -> None:
    made = plays(60, 40, seed=6)
    assert not (made.seen & made.later).any()
    assert made.later.any(axis=1).all()
    # Users play what they like, and a few items are played by many.
    assert made.affinity[made.seen].mean() > made.affinity.mean()
    counts = np.sort(made.seen.sum(axis=0))
    assert counts[-4:].sum() > 3 * counts[:4].sum()


def test_segments_lie_apart_and_have_members() -> None:
    made = segments(400, seed=8)
    assert set(made.group.tolist()) == {0, 1, 2, 3}
    within = made.X.groupby(made.group).std().mean()
    assert (made.X.std() > 1.5 * within).all()


def test_tickets_use_their_teams_words_more_when_less_is_confused() -> None:
    clear, mixed = tickets(300, seed=9, confusion=0.0), tickets(300, seed=9, confusion=1.0)
    about = TEAMS.index("network")

    def share(made: object, team: int) -> float:
        texts = [text for text, y in zip(made.texts, made.y, strict=True) if y == team]  # type: ignore[attr-defined]
        return sum("router" in text.lower() or "outage" in text.lower() for text in texts) / len(
            texts
        )

    assert share(clear, about) > share(mixed, about)
    assert share(clear, TEAMS.index("billing")) == 0.0


def test_digits_are_all_there_and_each_once() -> None:
    made = digits(seed=1)
    assert made.X.shape == (1797, 64)
    assert np.unique(made.X, axis=0).shape[0] == np.unique(digits(seed=2).X, axis=0).shape[0]
    assert set(made.y.tolist()) == set(range(10))
