"""Chance, one fixed set of draws per customer.

Customer ``i`` of seed ``s`` gets the same numbers however many customers are asked for, in
whatever world: draws are made in blocks, each from a generator seeded with (seed, stream, block).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAINING_STREAM: Final = 0
LIVE_STREAM: Final = 1

_BLOCK_ROWS = 512
# The order is part of the data: a new name goes to the end, or every dataset of every seed changes.
_UNIFORM = (
    "region", "age_band", "channel", "plan", "flex", "newcomer", "newcomer_tenure", "tenure",
    "billing_period", "payment_method", "autopay", "discount", "late_payments", "support_contacts",
    "usage_consent", "survey_answered", "support_feed", "churn", "cancel_day", "lag",
    "dirty", "dirt_kind", "overdue_month",
)  # fmt: skip
_NORMAL = ("need", "trouble", "usage", "usage_change", "bill", "overdue", "satisfaction")


@dataclass(frozen=True, slots=True)
class Draws:
    """The random numbers of `count` customers: uniform on [0, 1) and standard normal, by name."""

    uniform: dict[str, NDArray[np.float64]]
    normal: dict[str, NDArray[np.float64]]


def draw(count: int, *, seed: int, stream: int, start: int = 0) -> Draws:
    """Draw for the customers with index `start` to ``start + count - 1``.

    Raises
    ------
    ValueError
        If `count`, `start` or `seed` is negative.
    """
    if count < 0 or start < 0 or seed < 0:
        raise ValueError("rows, start and seed must be 0 or more")
    first, last = start // _BLOCK_ROWS, -(-(start + count) // _BLOCK_ROWS)
    uniform, normal = [np.empty((0, len(_UNIFORM)))], [np.empty((0, len(_NORMAL)))]
    for block in range(first, last):
        generator = np.random.default_rng([seed, stream, block])
        uniform.append(generator.random((_BLOCK_ROWS, len(_UNIFORM))))
        normal.append(generator.standard_normal((_BLOCK_ROWS, len(_NORMAL))))
    skip = start - first * _BLOCK_ROWS
    wanted = slice(skip, skip + count)
    u, n = np.concatenate(uniform)[wanted], np.concatenate(normal)[wanted]
    return Draws(
        uniform={name: u[:, place] for place, name in enumerate(_UNIFORM)},
        normal={name: n[:, place] for place, name in enumerate(_NORMAL)},
    )
