"""What the business records of its customers: columns, units, values missing for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from training.data.simulator.draws import LIVE_STREAM, TRAINING_STREAM, Draws, draw
from training.data.simulator.population import (
    AGE_BANDS,
    BILLING_PERIODS,
    CHANNELS,
    FLEX_PLAN,
    OUTCOME_WINDOW_DAYS,
    PAYMENT_METHODS,
    PLANS,
    REGIONS,
    Population,
    churn_probability,
    populate,
)
from training.data.simulator.world import NORMAL, World

if TYPE_CHECKING:
    from numpy.typing import NDArray

Stream = Literal["training", "live"]

_STREAMS = {"training": TRAINING_STREAM, "live": LIVE_STREAM}
_FIRST_DAY = np.datetime64("2025-01-01", "D")
_ROWS_PER_DAY = 16


@dataclass(frozen=True, slots=True)
class Simulation:
    """`n` customers as recorded, with what only a simulator knows.

    Attributes
    ----------
    identifiers : str array of shape (n,)
        Unique, and the same for the same seed and index.
    observed_on : datetime64[D] array of shape (n,)
        The day on which the features were true.
    numeric : dict of str to float array of shape (n,)
        Numbers and booleans (0 or 1) by column; NaN = missing.
    strings : dict of str to str array of shape (n,)
        Categories by column; "" = missing.
    true_probability : float array of shape (n,)
        Probability of churn by the world's own rule, from the true values (missing ones included).
    churned : bool array of shape (n,)
        What happened then: a draw with that probability.
    label_delay_days : int array of shape (n,)
        Days from `observed_on` until the outcome is known: who leaves is known before who stays.
    """

    identifiers: NDArray[np.str_]
    observed_on: NDArray[np.datetime64]
    numeric: dict[str, NDArray[np.float64]]
    strings: dict[str, NDArray[np.str_]]
    true_probability: NDArray[np.float64]
    churned: NDArray[np.bool_]
    label_delay_days: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.identifiers)

    @property
    def label_available_at(self) -> NDArray[np.datetime64]:
        """datetime64[D] array of shape (n,): the day on which each outcome is known."""
        available: NDArray[np.datetime64] = self.observed_on + self.label_delay_days
        return available


def simulate(
    rows: int, *, seed: int, world: World = NORMAL, stream: Stream = "training", start: int = 0
) -> Simulation:
    """Simulate the customers with index `start` to ``start + rows - 1``.

    Parameters
    ----------
    rows : int
        How many customers.
    seed : int
        The same seed gives the same customers, in every world.
    world : World
        How the business works and how its feeds report it.
    stream : {"training", "live"}
        Live customers are others than those of a training file with the same seed.
    start : int
        Index of the first customer.

    Raises
    ------
    ValueError
        If `rows`, `seed` or `start` is negative.
    """
    draws = draw(rows, seed=seed, stream=_STREAMS[stream], start=start)
    people = populate(draws, world)
    probability = churn_probability(people, world)
    churned = draws.uniform["churn"] < probability
    index = np.arange(start, start + rows)
    letter = stream[0].upper()
    return Simulation(
        identifiers=np.array([f"{letter}{seed}-{number:06d}" for number in index], dtype=np.str_),
        observed_on=_FIRST_DAY + index // _ROWS_PER_DAY,
        numeric=_record_numbers(people, draws, world),
        strings=_record_strings(people),
        true_probability=probability,
        churned=churned,
        label_delay_days=_label_delay_days(draws, churned=churned, world=world),
    )


def _record_strings(people: Population) -> dict[str, NDArray[np.str_]]:
    age_band = np.array(AGE_BANDS)[people.age_band]
    # Partners sell without asking for the age.
    age_band[people.channel == CHANNELS.index("partner")] = ""
    return {
        "region": np.array(REGIONS)[people.region],
        "age_band": age_band,
        "channel": np.array(CHANNELS)[people.channel],
        "plan": np.array((*PLANS, FLEX_PLAN))[people.plan],
        "billing_period": np.array(BILLING_PERIODS)[people.billing_period],
        "payment_method": np.array(PAYMENT_METHODS)[people.payment_method],
    }


def _record_numbers(
    people: Population, draws: Draws, world: World
) -> dict[str, NDArray[np.float64]]:
    u = draws.uniform
    # Older customers more often refuse that their use is measured.
    measured = u["usage_consent"] < 0.96 - 0.05 * people.age_band
    # A trend needs two months, and a customer with contact to the desk is asked how it went;
    # the unhappy answer less often.
    has_trend = measured & (people.tenure_months >= 2)
    supported = u["support_feed"] < world.support_feed_share
    answered = supported & (u["survey_answered"] < 0.35 + 0.09 * people.satisfaction)
    return {
        "autopay": people.autopay.astype(np.float64),
        "has_discount": people.discount.astype(np.float64),
        "tenure_months": people.tenure_months,
        "usage_hours": _only_where(measured, people.usage_hours),
        "usage_change": _only_where(has_trend, people.usage_change),
        "monthly_bill": (people.monthly_bill * world.amounts_factor).round(2),
        "overdue_balance": (people.overdue_balance * world.amounts_factor).round(2),
        "late_payments": people.late_payments,
        "support_contacts": _only_where(supported, people.support_contacts),
        "satisfaction": _only_where(answered, people.satisfaction),
    }


def _only_where(known: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(known, values, np.nan)


def _label_delay_days(
    draws: Draws, *, churned: NDArray[np.bool_], world: World
) -> NDArray[np.int64]:
    # A cancellation is known when it happens; that somebody stayed, when the window is over.
    cancel_day = 1 + np.floor(OUTCOME_WINDOW_DAYS * draws.uniform["cancel_day"])
    lag = world.label_lag_days + np.floor(3 * draws.uniform["lag"])
    days: NDArray[np.float64] = np.where(churned, cancel_day, OUTCOME_WINDOW_DAYS) + lag
    return days.astype(np.int64)
