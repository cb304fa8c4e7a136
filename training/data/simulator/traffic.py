"""Live traffic: customers whom no training file has seen, one after the other, without end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from training.data.simulator.measurement import simulate
from training.data.simulator.records import Scalar, outcomes, to_records
from training.data.simulator.world import NORMAL, World

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH_ROWS = 512


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One customer who is asked about, and what will come of it.

    Attributes
    ----------
    identifier : str
        Name of the customer; not part of the record.
    record : dict
        The features of the data contract as JSON scalars; missing = None.
    true_probability : float
        The world's own probability of churn.
    outcome : str
        The class that will be true, ``"no"`` or ``"yes"``.
    outcome_delay_days : int
        Days until the outcome is known.
    """

    identifier: str
    record: dict[str, Scalar]
    true_probability: float
    outcome: str
    outcome_delay_days: int


def live_traffic(*, seed: int, world: World = NORMAL, start: int = 0) -> Iterator[LiveRow]:
    """Yield live customers for ever, from the one with index `start` on.

    The same seed brings the same customers in every world, so that what a break changes can be seen
    row by row. Take some with ``itertools.islice``.

    Raises
    ------
    ValueError
        If `seed` or `start` is negative.
    """
    for first in count(start, _BATCH_ROWS):
        batch = simulate(_BATCH_ROWS, seed=seed, world=world, stream="live", start=first)
        for identifier, record, probability, outcome, delay in zip(
            batch.identifiers.tolist(),
            to_records(batch),
            batch.true_probability.tolist(),
            outcomes(batch.churned),
            batch.label_delay_days.tolist(),
            strict=True,
        ):
            yield LiveRow(identifier, record, probability, outcome, delay)
