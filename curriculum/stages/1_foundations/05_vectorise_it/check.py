"""Judges `summarise`: by what it returns, and by how it compares with a loop in the same run."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_numbers

COLUMNS = ("count", "sum", "mean", "largest")
TIMES_AS_FAST = 8.0
# With ten times the customers and the same rows; a mask for each comes close to ten.
GROWS = 3.0
ROWS, CUSTOMERS = 60_000, 2_000


def prepare(bench: Bench) -> list[Case]:
    """Make small tables for the edges, and a large one for the clock."""
    chance = np.random.default_rng([bench.seed, 5])
    return [
        make_case("a few payments", chance, rows=60, customers=4),
        make_case(
            "payments of which some amounts are unknown",
            chance,
            rows=60,
            customers=4,
            unknown=0.3,
            where="An unknown amount is no payment of nothing: leave it out of count and mean.",
        ),
        make_case(
            "customers of whom some never paid",
            chance,
            rows=60,
            customers=40,
            unknown=0.1,
            where="Customers without a payment have a row too: 0, 0, NaN, NaN.",
        ),
        make_case(
            "refunds, which are payments below zero",
            chance,
            rows=60,
            customers=4,
            shift=-200.0,
            where="The largest of three refunds is below zero: from what does the search begin?",
        ),
        make_case("no payment at all", chance, rows=0, customers=3),
        make_case(
            "60,000 payments of 2,000 customers",
            chance,
            rows=ROWS,
            customers=CUSTOMERS,
            unknown=0.05,
        ),
    ]


def make_case(
    name: str,
    chance: np.random.Generator,
    *,
    rows: int,
    customers: int,
    unknown: float = 0.0,
    shift: float = 0.0,
    where: str = "",
) -> Case:
    """Make payments, and work their summary out."""
    # The last of many customers has never paid.
    who = chance.integers(0, customers - (customers > 20), rows)
    amount = (chance.gamma(2.0, 20.0, rows) + shift).round(2)
    amount[chance.random(rows) < unknown] = np.nan
    return Case(
        name=name,
        arguments=(who, amount, customers, rows == ROWS),
        expected=(summarise(who, amount, customers), where),
    )


def summarise(
    customer: NDArray[np.int64], amount: NDArray[np.float64], customers: int
) -> NDArray[np.float64]:
    """Work the right table out, customer by customer."""
    table = np.zeros((customers, 4))
    table[:, 2:] = np.nan
    order = np.argsort(customer, kind="stable")
    bounds = np.searchsorted(customer[order], np.arange(customers + 1))
    for who, (start, end) in enumerate(pairwise(bounds)):
        own = amount[order[start:end]]
        own = own[~np.isnan(own)]
        if own.size:
            table[who] = own.size, own.sum(), own.mean(), own.max()
    return table


def judge(case: Case, answer: object) -> Failure | None:
    """Compare the table, then the time."""
    right, where = case.expected
    told: dict[str, Any] = answer if isinstance(answer, dict) else {"table": answer}
    rows = np.shape(told["table"])[0] if np.ndim(told["table"]) else 0
    table = read_numbers(
        told["table"],
        right.shape,
        what="one row for each customer, four columns",
        where=(where if rows < len(right) else "") or "What `summarise` returns.",
        finite=False,
    )
    if isinstance(table, Failure):
        return table
    wrong = ~np.isclose(table, right, rtol=1e-9, atol=1e-6, equal_nan=True)
    if wrong.any():
        who, column = np.argwhere(wrong)[0]
        return Failure(
            expected=f"{COLUMNS[column]} of customer {who} = {right[who, column]:g}",
            observed=f"{table[who, column]:g}",
            where=where or f"Column {column}; the docstring says what it holds.",
        )
    if case.arguments[3] and told["times"] < TIMES_AS_FAST:
        return tell_speed(told["times"], told["growth"])
    return None


def tell_speed(times: float, growth: float) -> Failure:
    """Say how fast it was, and what is likely to make it so."""
    if growth > GROWS:
        where = (
            f"With ten times as many customers and the same rows it takes {growth:.1f} times as "
            "long: it grows with the number of customers. A mask, or a Python function, for each?"
        )
    elif times < TIMES_AS_FAST / 3:
        where = "Something is done in Python once for each row. Say it once for the whole column."
    else:
        where = "Not far: is something done several times over, or turned into lists on the way?"
    return Failure(
        expected=f"at least {TIMES_AS_FAST:g} times as fast as a loop over the rows",
        observed=f"{times:.1f} times as fast",
        where=where,
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how many times as fast as the loop it was."""
    last: Any = answers[-1]
    return {"times_as_fast": round(float(last["times"]), 1)} if cases else {}
