"""Clustering: customers who live in groups that no column names."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_CENTRES = np.array(
    [
        # usage_hours, evening_share, monthly_bill, support_contacts
        [6.0, 0.70, 16.0, 0.4],
        [38.0, 0.80, 62.0, 0.6],
        [24.0, 0.20, 95.0, 1.2],
        [12.0, 0.45, 34.0, 3.5],
        [55.0, 0.50, 140.0, 2.2],
    ]
)
_SPREADS = np.array([2.0, 0.06, 6.0, 0.35])


@dataclass(frozen=True, slots=True)
class Segments:
    """`n` customers.

    Attributes
    ----------
    X : DataFrame of n rows
        usage_hours, evening_share (0 to 1), monthly_bill, support_contacts: on scales of their own.
    group : int array of shape (n,)
        The group that each was made from.
    """

    X: pd.DataFrame
    group: NDArray[np.int64]


def segments(rows: int, *, seed: int, groups: int = 4, spread: float = 1.0) -> Segments:
    """Make customers of 2 to 5 groups, of unequal sizes; `spread` widens all of them."""
    chance = np.random.default_rng([seed, 4])
    shares = chance.dirichlet(np.full(groups, 12.0))
    group = chance.choice(groups, rows, p=shares)
    X = _CENTRES[group] + spread * _SPREADS * chance.standard_normal((rows, 4))
    names = ["usage_hours", "evening_share", "monthly_bill", "support_contacts"]
    return Segments(pd.DataFrame(np.abs(X), columns=names), group.astype(np.int64))
