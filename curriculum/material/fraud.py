"""Fraud: card payments, of which about one in 500 is not the owner's."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SHARE = 1 / 500


@dataclass(frozen=True, slots=True)
class Fraud:
    """`n` payments in the order of time.

    Attributes
    ----------
    X : DataFrame of n rows
        amount_eur, hour (0 to 23), distance_km (from where the card was used last), new_device
        (0 or 1), payments_last_hour, account_age_days, foreign (0 or 1).
    y : int array of shape (n,)
        1 for a fraud.
    probability : float array of shape (n,)
        The true probability of fraud; its mean is one in 500.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    probability: NDArray[np.float64]


def fraud(rows: int, *, seed: int, share: float = SHARE) -> Fraud:
    """Make payments; `share` of them is fraud on average."""
    chance = np.random.default_rng([seed, 500])
    amount = np.exp(chance.normal(3.2, 1.1, rows)).round(2)
    hour = chance.choice(24, rows, p=_HOURS / _HOURS.sum())
    distance = np.where(chance.random(rows) < 0.05, chance.exponential(900, rows), 0)
    distance = (distance + chance.exponential(4, rows)).round(1)
    new_device = chance.random(rows) < 0.06
    burst = chance.poisson(0.3, rows)
    age = chance.exponential(900, rows).round()
    foreign = chance.random(rows) < 0.04 + 0.5 * (distance > 500)
    log_odds = (
        1.1 * (np.log1p(amount) - 3.2)
        + 2.6 * new_device
        + 0.45 * np.log1p(distance)
        + 1.0 * burst
        + 1.2 * foreign
        + 1.4 * ((hour < 5) & new_device)
        - 0.35 * np.log1p(age / 30)
    )
    probability = _fit_share(log_odds, share)
    return Fraud(
        X=pd.DataFrame(
            {
                "amount_eur": amount,
                "hour": hour.astype(np.float64),
                "distance_km": distance,
                "new_device": new_device.astype(np.float64),
                "payments_last_hour": burst.astype(np.float64),
                "account_age_days": age,
                "foreign": foreign.astype(np.float64),
            }
        ),
        y=(chance.random(rows) < probability).astype(np.int64),
        probability=probability,
    )


_HOURS = np.array([2, 1, 1, 1, 1, 1, 2, 4, 6, 7, 8, 9, 10, 9, 8, 8, 9, 10, 11, 10, 8, 6, 4, 3.0])


def _fit_share(log_odds: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Shift log-odds until the mean probability is `share`."""
    low, high = -40.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(np.mean(1 / (1 + np.exp(-(log_odds + middle))))) < share:
            low = middle
        else:
            high = middle
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-(log_odds + low)))
    return probability
