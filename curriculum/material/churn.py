"""Churn: the simulated subscriptions as tables, with each customer's true probability."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.simulator import NORMAL, World, contract, simulate

NUMERIC = tuple(each.name for each in contract().columns if each.kind in {"numeric", "boolean"})
STRINGS = tuple(each.name for each in contract().columns if each.kind == "categorical")


@dataclass(frozen=True, slots=True)
class Churn:
    """`n` customers of the subscription business.

    Attributes
    ----------
    X : DataFrame of n rows
        The 16 features of the data contract; numbers and booleans as floats (missing = NaN),
        categories as objects (missing = None).
    y : int array of shape (n,)
        1 for a customer who left within 30 days, 0 for one who stayed.
    probability : float array of shape (n,)
        The true probability of leaving, which nobody has in real life.
    customer_id : list of n str
    observed_on : datetime64[D] array of shape (n,)
        The day on which the features were true: 16 customers a day.
    label_delay_days : int array of shape (n,)
        Days from `observed_on` until the outcome is known: who left is known before who stayed.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    probability: NDArray[np.float64]
    customer_id: list[str]
    observed_on: NDArray[np.datetime64]
    label_delay_days: NDArray[np.int64]


def churn(rows: int, *, seed: int, world: World = NORMAL, start: int = 0) -> Churn:
    """Make the customers with index `start` to ``start + rows - 1``; more than a third leave."""
    made = simulate(rows, seed=seed, world=world, start=start)
    columns: dict[str, object] = {}
    for column in contract().columns:
        if column.name in made.numeric:
            columns[column.name] = made.numeric[column.name].astype(np.float64)
        else:
            texts = [text or None for text in made.strings[column.name].tolist()]
            columns[column.name] = pd.Series(texts, dtype=object)
    return Churn(
        X=pd.DataFrame(columns),
        y=made.churned.astype(np.int64),
        probability=made.true_probability,
        customer_id=made.identifiers.tolist(),
        observed_on=made.observed_on,
        label_delay_days=made.label_delay_days,
    )
