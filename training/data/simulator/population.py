"""The causal chain: who the customers are, what happens to them, whether they leave.

Causes come before effects: person → plan → use, bills, trouble → churn. How the business
*records* it (units, missing values, broken feeds) is the matter of `measurement`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.data.simulator.draws import Draws
    from training.data.simulator.world import World

REGIONS = ("north", "south", "east", "west")
AGE_BANDS = ("18-29", "30-44", "45-59", "60+")
CHANNELS = ("web", "store", "partner")
PLANS = ("basic", "standard", "premium")
FLEX_PLAN = "flex"
BILLING_PERIODS = ("monthly", "yearly")
PAYMENT_METHODS = ("card", "direct_debit", "invoice")

OUTCOME_WINDOW_DAYS = 30

_FLEX = len(PLANS)
# Base fee and price per hour: the flexible plan has a small fee and a steep meter.
_FEE_EUR = np.array([12.0, 30.0, 55.0, 6.0])
_EUR_PER_HOUR = np.array([0.45, 0.30, 0.18, 1.0])
_MAX_TENURE_MONTHS = 120
_MAX_COUNT = 20
# Who moves abroad leaves, however content: nothing in the data shows it.
_MOVES_AWAY_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Population:
    """True values, one per customer; codes index the tuples of names above; amounts in euros."""

    region: NDArray[np.int64]
    age_band: NDArray[np.int64]
    channel: NDArray[np.int64]
    plan: NDArray[np.int64]
    billing_period: NDArray[np.int64]
    payment_method: NDArray[np.int64]
    autopay: NDArray[np.bool_]
    discount: NDArray[np.bool_]
    tenure_months: NDArray[np.float64]
    usage_hours: NDArray[np.float64]
    usage_change: NDArray[np.float64]
    monthly_bill: NDArray[np.float64]
    overdue_balance: NDArray[np.float64]
    late_payments: NDArray[np.float64]
    support_contacts: NDArray[np.float64]
    satisfaction: NDArray[np.float64]


def populate(draws: Draws, world: World) -> Population:
    """Let the customers of `draws` live in `world` up to the day when they are looked at."""
    u, z = draws.uniform, draws.normal
    region = _choose(u["region"], [0.3, 0.3, 0.2, 0.2])
    age_band = _choose(u["age_band"], [0.24, 0.34, 0.26, 0.16])
    channel = _choose(u["channel"], [0.55, 0.25, 0.2])
    tenure = _tenure_months(u, world)
    # Younger people choose smaller plans, people who need the service more choose larger ones.
    plan_wish = z["need"] + 0.25 * age_band - 0.4
    plan = np.where(u["flex"] < world.flex_plan_share, _FLEX, np.digitize(plan_wish, [-0.3, 0.8]))
    yearly = u["billing_period"] < _sigmoid(-1.6 + 0.025 * tenure + 0.2 * age_band)
    # Invoices are for the old, cards for the young; an invoice cannot be paid automatically.
    payment_method = np.digitize(u["payment_method"] + 0.12 * age_band, [0.55, 0.9])
    autopay = (u["autopay"] < 0.65) & (payment_method != PAYMENT_METHODS.index("invoice"))
    discount = u["discount"] < np.where(tenure <= 12, 0.45, 0.08)
    # Trouble (outages, wrong bills) is never recorded: contacts, satisfaction and use show it.
    trouble = z["trouble"]
    usage = np.exp(2.3 + 0.55 * z["need"] + 0.45 * z["usage"])
    change = np.clip(0.28 * z["usage_change"] - 0.10 * trouble, -0.95, 2.0)
    bill = _monthly_bill(z, plan=plan, usage=usage, discount=discount)
    late = _poisson(u["late_payments"], np.where(autopay, 0.15, 0.9))
    owes = (late > 0) & (u["overdue_month"] < 0.45)
    return Population(
        region=region, age_band=age_band, channel=channel, plan=plan,
        billing_period=yearly.astype(np.int64), payment_method=payment_method,
        autopay=autopay, discount=discount,
        tenure_months=tenure, usage_hours=usage.round(1), usage_change=change.round(2),
        monthly_bill=bill,
        overdue_balance=_overdue_balance(z, owes=owes, bill=bill),
        late_payments=late,
        support_contacts=_poisson(u["support_contacts"], np.exp(-0.4 + 0.7 * trouble)),
        satisfaction=np.clip(np.rint(3.6 - 0.8 * trouble + 0.6 * z["satisfaction"]), 1, 5),
    )  # fmt: skip


def churn_probability(people: Population, world: World) -> NDArray[np.float64]:
    """Probability, for each customer, of leaving within the outcome window.

    The log-odds are linear but for one threshold (the third support contact is the last straw), one
    interaction (a large bill hurts those who hardly use the service) and one cliff (an introductory
    discount that is about to end): a linear model comes far, a tree finds the rest.
    """
    unused = (people.usage_hours < 8) & (people.monthly_bill > 30)
    discount_ends = people.discount & (people.tenure_months >= 10) & (people.tenure_months <= 12)
    log_odds = (
        world.base_log_odds
        + world.price_effect * np.log(people.monthly_bill / 35.0)
        + world.loyalty_effect * (np.log1p(people.tenure_months) - 2.5)
        - 0.9 * people.billing_period
        + 0.35 * np.log1p(people.overdue_balance / 5.0)
        + 1.7 * (people.support_contacts >= 3)
        - 0.25 * (people.satisfaction - 3.0)
        - 1.0 * people.usage_change
        + 1.6 * unused
        + 2.0 * discount_ends
    )
    return _MOVES_AWAY_SHARE + (1.0 - _MOVES_AWAY_SHARE) * _sigmoid(log_odds)


def _tenure_months(u: dict[str, NDArray[np.float64]], world: World) -> NDArray[np.float64]:
    settled = np.minimum(np.floor(-26.0 * np.log1p(-u["tenure"])), _MAX_TENURE_MONTHS)
    newcomer = u["newcomer"] < world.newcomer_share
    return np.where(newcomer, np.floor(3.0 * u["newcomer_tenure"]), settled)


def _monthly_bill(
    z: dict[str, NDArray[np.float64]],
    *,
    plan: NDArray[np.int64],
    usage: NDArray[np.float64],
    discount: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Amounts in euros: fee and meter, less the discount, with some noise for extras."""
    list_price = _FEE_EUR[plan] + _EUR_PER_HOUR[plan] * usage
    bill = list_price * np.where(discount, 0.8, 1.0) * np.exp(0.15 * z["bill"])
    return np.clip(bill, 4.0, 190.0).round(2)


def _overdue_balance(
    z: dict[str, NDArray[np.float64]], *, owes: NDArray[np.bool_], bill: NDArray[np.float64]
) -> NDArray[np.float64]:
    balance = np.minimum(bill * np.exp(0.5 * z["overdue"]), 400.0)
    return np.where(owes, balance, 0.0).round(2)


def _choose(uniform: NDArray[np.float64], shares: list[float]) -> NDArray[np.int64]:
    return np.searchsorted(np.cumsum(shares)[:-1], uniform, side="right").astype(np.int64)


def _poisson(uniform: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poisson counts by inversion: one draw per customer, whatever the mean, up to `_MAX_COUNT`."""
    count = np.zeros_like(uniform)
    term = np.exp(-mean)
    reached = term.copy()
    for k in range(1, _MAX_COUNT + 1):
        count += uniform >= reached
        term = term * mean / k
        reached = reached + term
    return count


def _sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-log_odds))
    return probability
