"""A regression: what a customer's next monthly bill will be."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PLANS = ("basic", "standard", "premium")
FEE_EUR = np.array([12.0, 30.0, 55.0])
EUR_PER_HOUR = np.array([0.45, 0.30, 0.18])


@dataclass(frozen=True, slots=True)
class Bills:
    """`n` customers and what they will pay.

    Attributes
    ----------
    X : DataFrame of n rows
        plan (basic, standard, premium), usage_hours (last month), tenure_months, has_discount (0 or
        1), autopay (0 or 1; says nothing about the bill).
    y : float array of shape (n,)
        The next bill, in euros.
    mean : float array of shape (n,)
        What the bill is on average for such a customer: no prediction can be better.
    """

    X: pd.DataFrame
    y: NDArray[np.float64]
    mean: NDArray[np.float64]


def bills(rows: int, *, seed: int, noise: float = 0.12) -> Bills:
    """Make customers; `noise` is the standard deviation of the bill's logarithm."""
    chance = np.random.default_rng([seed, 31])
    plan = chance.choice(3, rows, p=[0.4, 0.35, 0.25])
    usage = np.exp(chance.normal(2.2 + 0.35 * plan, 0.6, rows)).round(1)
    tenure = np.minimum(np.floor(chance.exponential(26, rows)), 120)
    discount = chance.random(rows) < np.where(tenure <= 12, 0.45, 0.08)
    price = FEE_EUR[plan] + EUR_PER_HOUR[plan] * usage
    mean = price * np.where(discount, 0.8, 1.0)
    factor = np.exp(noise * chance.standard_normal(rows) - noise**2 / 2)
    return Bills(
        X=pd.DataFrame(
            {
                "plan": pd.Series([PLANS[each] for each in plan], dtype=object),
                "usage_hours": usage,
                "tenure_months": tenure,
                "has_discount": discount.astype(np.float64),
                "autopay": (chance.random(rows) < 0.6).astype(np.float64),
            }
        ),
        y=(mean * factor).round(2),
        mean=mean,
    )
