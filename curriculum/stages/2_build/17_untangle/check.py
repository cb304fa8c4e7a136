"""Judges a report by what it says, and its steps by whether they can be used apart and swapped."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import agree, show_value
from curriculum.material.answers import name_type

EUROS = {"basic": 10, "standard": 25, "premium": 60}
Row = Mapping[str, Any]


def prepare(bench: Bench) -> list[Case]:
    """Make customers, and ways to use the steps on them."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    rows, others = make_rows(chance), make_rows(chance)
    # The first days of January may belong to the last week of the year before.
    day = date(chance.randrange(2021, 2035), 1, 1) + timedelta(days=chance.randrange(3))
    flat = chance.randrange(2, 9)
    year, week, _ = day.isocalendar()
    facts = {"year": year, "week": week} | count(rows, price)
    swapped = count(rows, lambda row: flat * row["months"])
    return [
        make_case("report", "the report of some customers", rows, body(facts)),
        make_case(
            "twice",
            "the report of other customers, a second after the first",
            others,
            body(count(others, price)),
            where="As it is, it remembers the first time. What lives longer than the call?",
        ),
        make_case(
            "clock", f"a report of {day}", rows, render(facts), {"day": f"{day}"}, step="today"
        ),
        make_case(
            "price",
            "another price step, so much for each month",
            rows,
            body(facts | swapped),
            {"euros": flat},
            step="price",
        ),
        make_case(
            "render",
            "another writer, which keeps the facts",
            rows,
            {"facts": facts, "times": 1},
            {"day": f"{day}"},
            step="render",
        ),
        make_case("alone", "`price` alone", rows, [price(row) for row in rows]),
        make_case(
            "count", "`count` alone, with a price step", rows, count(rows, lambda _: flat),
            {"euros": flat},
        ),
        make_case("text", "`render` alone", [], render(facts), {"facts": facts}),
        make_case(
            "nested",
            "a report inside a report: a price step that asks for one itself",
            rows,
            body(facts),
            where="Somebody else's call in the middle of yours changes your sums: whose are they?",
        ),
    ]  # fmt: skip


def make_rows(chance: random.Random) -> list[dict[str, Any]]:
    """Make customers; some of them come twice, and some have a plan that is no more."""
    rows = [
        {
            "customer": f"C{chance.randrange(10**6):06d}",
            "plan": chance.choice(["basic", "standard", "premium", "basic", "trial"]),
            "months": chance.randrange(1, 30),
        }
        for _ in range(25)
    ]
    again = [{**row, "months": chance.randrange(1, 30)} for row in chance.sample(rows, 4)]
    return rows + again


def make_case(
    what: str,
    name: str,
    rows: Sequence[Row],
    right: object,
    more: Mapping[str, Any] | None = None,
    *,
    where: str = "",
    step: str = "",
) -> Case:
    """Make a case of one way to use the steps."""
    return Case(
        name=name,
        arguments=(what, list(rows), dict(more or {})),
        expected={"right": right, "where": where, "step": step},
    )


def price(row: Row) -> float:
    """Return what a customer pays."""
    return EUROS.get(row["plan"], 0) * (0.9 if row["months"] > 12 else 1)


def count(rows: Sequence[Row], step: Callable[[Row], float]) -> dict[str, Any]:
    """Add up what customers pay, each once."""
    by_plan: dict[str, float] = {}
    first = {row["customer"]: row for row in reversed(rows)}
    for row in first.values():
        by_plan[row["plan"]] = by_plan.get(row["plan"], 0) + step(row)
    return {"customers": len(first), "revenue": sum(by_plan.values()), "by_plan": by_plan}


def render(facts: Mapping[str, Any]) -> str:
    """Write the report."""
    return f"Week {facts['week']} of {facts['year']}\n" + body(facts)


def body(facts: Mapping[str, Any]) -> str:
    """Write the report without its first line, which depends on the day."""
    plans = "".join(
        f"{plan}: {sum_:.2f} euros\n" for plan, sum_ in sorted(facts["by_plan"].items())
    )
    return f"customers: {facts['customers']}\nrevenue: {facts['revenue']:.2f} euros\n{plans}"


def judge(case: Case, answer: object) -> Failure | None:
    """Compare what was said; look at the rows; say which step cannot be handed in."""
    told: dict[str, Any] = answer if isinstance(answer, dict) else {}
    what, step = case.arguments[0], case.expected["step"]
    if "broke" in told:
        where = "The file's first lines say which functions there are, and what each is handed."
        if step:
            where = f"`make_report(rows, {step}=…)`: what should be swappable is handed in."
        return Failure(expected=case.name, observed=told["broke"], where=where)
    right, said = case.expected["right"], plain(told.get("said"))
    if isinstance(right, str):
        failure = judge_text(case, said, whole=what in {"clock", "text"})
    else:
        failure = judge_values(case, said)
    # The first case asks for the words alone: those are to stay what they are.
    if failure is None and told.get("changed") and what != "report":
        return Failure(
            expected="the rows to be what they were",
            observed="a row comes back changed",
            where="A step returns what it found. Who reads these rows next does not expect more in "
            "them.",
        )
    return failure


def judge_text(case: Case, said: object, *, whole: bool) -> Failure | None:
    """Compare a report line by line."""
    right = case.expected["right"]
    if not isinstance(said, str):
        return Failure(expected="a text", observed=name_type(said), where="`make_report`.")
    found = said if whole else said.partition("\n")[2]
    if found == right:
        return None
    pairs = zip([*right.splitlines(), ""], [*found.splitlines(), "", ""], strict=False)
    line, other = next(((a, b) for a, b in pairs if a != b), ("the end", "more"))
    where = case.expected["where"] or "The words and sums of the report are to stay what they are."
    if case.expected["step"]:
        where = f"The step that was handed in was not asked: `{case.expected['step']}`."
    return Failure(expected=f"'{line}'", observed=f"'{other}'", where=where)


def judge_values(case: Case, said: object) -> Failure | None:
    """Compare facts and numbers."""
    right = case.expected["right"]
    if matches(said, right):
        return None
    where = "The file's first lines say what this step returns."
    if case.expected["step"]:
        where = "`render` is called once, with year, week, customers, revenue and by_plan."
    return Failure(expected=f"{case.name}: {tell(right)}", observed=tell(said), where=where)


def matches(said: object, right: object) -> bool:
    """Compare dicts field by field, numbers nearly."""
    if isinstance(right, dict):
        return (
            isinstance(said, dict)
            and set(said) == set(right)
            and all(matches(said[name], value) for name, value in right.items())
        )
    return agree(said, right)


def tell(value: object) -> str:
    """Write a value down for a message."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {tell(each)}" for name, each in value.items()) + "}"
    return show_value(value)
