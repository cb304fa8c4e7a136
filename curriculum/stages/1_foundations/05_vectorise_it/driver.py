"""Calls `summarise`; where time matters, in turn with a loop over the same rows."""

import math
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

ROUNDS = 2


def drive(
    learner: ModuleType,
    customer: Any,  # noqa: ANN401 - arrays
    amount: Any,  # noqa: ANN401
    customers: int,
    timed: bool,  # noqa: FBT001 - an argument of a case
) -> dict[str, object]:
    """Return the table, and where it is timed: how many times as fast as the loop it came, and how
    many times as long it takes with ten times the customers.
    """  # noqa: D205 - one sentence
    # Copies, so that a function which changes its arguments is seen in its answer alone.
    table = learner.summarise(customer.copy(), amount.copy(), customers)
    if not timed:
        return {"table": table}
    own, loop = [], []
    for _ in range(ROUNDS):
        own.append(_measure(learner.summarise, customer, amount, customers))
        loop.append(_measure(_summarise_by_row, customer, amount, customers))
    fewer = customers // 10
    # The least of several: what else the computer does only ever adds.
    few = min(
        _measure(learner.summarise, customer % fewer, amount, fewer) for _ in range(2 * ROUNDS)
    )
    return {"table": table, "times": min(loop) / min(own), "growth": min(own) / few}


def _measure(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def _summarise_by_row(customer: Any, amount: Any, customers: int) -> object:  # noqa: ANN401
    table = np.zeros((customers, 4))
    table[:, 2:] = np.nan
    for who, euros in zip(customer, amount, strict=True):
        if math.isnan(euros):
            continue
        table[who, 0] += 1
        table[who, 1] += euros
        table[who, 2] = table[who, 1] / table[who, 0]
        if not table[who, 3] >= euros:
            table[who, 3] = euros
    return table
