"""Judges `judge_rows`: months with large customers, slipped units, repeated deliveries."""

from collections import Counter

import numpy as np
import pandas as pd

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type

PLANS = np.array(["basic", "standard", "premium"])
FEE_EUR = np.array([12.0, 30.0, 55.0])
EUR_PER_HOUR = np.array([0.45, 0.30, 0.18])
VERDICTS = ("ok", "wrong unit", "duplicate")
ROWS = 400

TWO_CUSTOMERS = "Two customers may look the same, and are two customers all the same."

# What a row is, the verdict that it deserves, and where to look when it gets another one.
KINDS = {
    "edge": (
        "ok",
        (
            "The smallest bill of an honest month is honest. The percentile is not the point: some "
            "row is always the smallest."
        ),
    ),
    "large": (
        "ok",
        (
            "A large customer is no error: with so many lines the bill has to be large. Does it "
            "agree with the rest of its row?"
        ),
    ),
    "usual": ("ok", "A bill that agrees with plan, hours and lines is right."),
    "cents": (
        "wrong unit",
        (
            "This bill is a hundred times what plan, hours and lines come to, and that is the only "
            "strange thing about it."
        ),
    ),
    "hundredth": (
        "wrong unit",
        "A unit may slip the other way too: this bill is a hundredth of what it ought to be.",
    ),
    "again": ("duplicate", "This customer and this month came before, further up."),
    "twin": ("ok", TWO_CUSTOMERS),
    "next month": (
        "ok",
        "The same customer in another month is no repetition: what is the key of this table?",
    ),
}


def prepare(bench: Bench) -> list[Case]:
    """Make five months, from an easy one to one in which all happens."""
    chance = np.random.default_rng([bench.seed, 4])
    usual = make_rows(chance)
    return [
        make_case(
            "a month with business customers", [mark_edges(usual), make_large(chance)], chance
        ),
        make_case("a month in which nothing is wrong", [make_rows(chance)], chance),
        make_case(
            "a month with bills in cents", [slip(usual, chance, 12), make_large(chance)], chance
        ),
        make_case("a delivery that came twice", [repeat(usual, chance)], None),
        make_case(
            "a month in which a quarter of the bills slipped",
            [
                repeat(slip(slip(usual, chance, 90), chance, 20, up=False), chance),
                make_large(chance),
            ],
            None,
        ),
    ]


def make_case(name: str, parts: list[pd.DataFrame], chance: np.random.Generator | None) -> Case:
    """Put parts together; shuffled, unless their order is what it is about."""
    rows = pd.concat(parts, ignore_index=True)
    if chance is not None:
        rows = rows.iloc[chance.permutation(len(rows))].reset_index(drop=True)
    return Case(name=name, arguments=(rows.drop(columns="kind"),), expected=rows["kind"].tolist())


def make_rows(chance: np.random.Generator, count: int = ROWS) -> pd.DataFrame:
    """Make the bills of private customers."""
    plan = chance.choice(3, count, p=[0.4, 0.35, 0.25])
    usage = np.exp(chance.normal(2.3, 0.7, count)).clip(0.2, 400).round(1)
    return write_bills(plan, np.ones(count, np.int64), usage, "usual", chance)


def make_large(chance: np.random.Generator, count: int = 14) -> pd.DataFrame:
    """Make businesses, whose bills are as large as those of private customers in cents."""
    lines = chance.integers(20, 90, count)
    return write_bills(
        chance.choice(3, count), lines, chance.uniform(20, 90, count).round(1), "large", chance
    )


def write_bills(
    plan: np.ndarray, lines: np.ndarray, usage: np.ndarray, kind: str, chance: np.random.Generator
) -> pd.DataFrame:
    """Work bills out, with discounts and extras."""
    count = len(plan)
    price = lines * (FEE_EUR[plan] + EUR_PER_HOUR[plan] * usage)
    factor = np.where(chance.random(count) < 0.25, chance.uniform(0.5, 0.85, count), 1.0)
    factor = (factor * np.exp(0.15 * chance.standard_normal(count))).clip(0.5, 2.0)
    # No number is given out twice: private customers and businesses have ranges of their own.
    numbers = chance.choice(500_000, count, replace=False) + 500_000 * (kind == "large")
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in numbers],
            "month": "2026-03",
            "plan": PLANS[plan].astype(object),
            "lines": lines,
            "usage_hours": usage,
            "monthly_bill": (price * factor).round(2),
            "kind": kind,
        }
    )


def mark_edges(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark the smallest bills, which are as honest as the others."""
    order = rows["monthly_bill"].to_numpy().argsort()
    kinds = rows["kind"].to_numpy(copy=True)
    kinds[order[:6]] = "edge"
    return rows.assign(kind=kinds)


def slip(
    rows: pd.DataFrame, chance: np.random.Generator, count: int, *, up: bool = True
) -> pd.DataFrame:
    """Send some bills in cents, or divided by a hundred."""
    free = np.flatnonzero((rows["kind"] == "usual").to_numpy())
    places = chance.choice(free, count, replace=False)
    bills, kinds = rows["monthly_bill"].to_numpy(copy=True), rows["kind"].to_numpy(copy=True)
    bills[places] = (bills[places] * (100 if up else 0.01)).round(2 if up else 4)
    kinds[places] = "cents" if up else "hundredth"
    return rows.assign(monthly_bill=bills, kind=kinds)


def repeat(rows: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    """Add rows that came before, the next month of some customers, and twins of others."""
    usual = rows[rows["kind"] == "usual"]
    chosen = usual.iloc[chance.permutation(len(usual))[:45]]
    later = chosen.iloc[15:30].assign(month="2026-04", kind="next month")
    twins = chosen.iloc[30:].assign(kind="twin")
    twins["customer_id"] = [f"T{number:06d}" for number in chance.choice(10**6, 15, replace=False)]
    return pd.concat([rows, later, twins, chosen.iloc[:15].assign(kind="again")], ignore_index=True)


def judge(case: Case, answer: object) -> Failure | None:
    """Compare kind of row by kind of row."""
    kinds, told = case.expected, plain(answer)
    if not isinstance(told, list) or len(told) != len(kinds):
        return Failure(
            expected=f"a list of {len(kinds)} verdicts, one for each row",
            observed=name_type(told),
            where="What `judge_rows` returns.",
        )
    strange = next((each for each in told if each not in VERDICTS), None)
    if strange is not None:
        return Failure(
            expected=f"only {', '.join(VERDICTS)}",
            observed=f"{str(strange)[:40]!r}",
            where="The verdicts; the docstring names them.",
        )
    for kind, (right, hint) in KINDS.items():
        verdicts = Counter(
            verdict for verdict, found in zip(told, kinds, strict=True) if found == kind
        )
        wrong = verdicts.total() - verdicts[right]
        if wrong:
            del verdicts[right]
            told_most = verdicts.most_common(1)[0][0]
            is_twin = kind in {"edge", "large", "usual"} and told_most == "duplicate"
            return Failure(
                expected=f"{describe(kind)}: {right!r}",
                observed=f"{wrong} of {kinds.count(kind)}: {told_most!r}",
                where=TWO_CUSTOMERS if is_twin else hint,
            )
    return None


def describe(kind: str) -> str:
    """Name a kind of rows."""
    return {
        "usual": "usual bills",
        "large": "bills of businesses",
        "edge": "the smallest bills of an honest month",
        "cents": "bills in cents",
        "hundredth": "bills divided by a hundred",
        "again": "rows that came before",
        "next month": "the same customers in another month",
        "twin": "customers with the same plan, hours and bill",
    }[kind]
