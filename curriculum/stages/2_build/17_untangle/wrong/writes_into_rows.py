"""Wrong: leaves the price in the rows."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

Row = Mapping[str, Any]
Facts = dict[str, Any]
EUROS = {"basic": 10, "standard": 25, "premium": 60}
LOYAL_MONTHS, LOYAL_FACTOR = 12, 0.9


def price(row: Row) -> float:
    """Return what a customer pays in euros; loyal ones a tenth less."""
    euros = EUROS.get(row["plan"], 0)
    row["pays"] = euros * LOYAL_FACTOR if row["months"] > LOYAL_MONTHS else euros
    return row["pays"]


def count(rows: Iterable[Row], price: Callable[[Row], float]) -> Facts:
    """Add up what customers pay, each customer once."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["customer"], row)
    by_plan: dict[str, float] = {}
    for row in first.values():
        by_plan[row["plan"]] = by_plan.get(row["plan"], 0) + price(row)
    return {"customers": len(first), "revenue": sum(by_plan.values()), "by_plan": by_plan}


def render(facts: Facts) -> str:
    """Return the report's text."""
    lines = [
        f"Week {facts['week']} of {facts['year']}",
        f"customers: {facts['customers']}",
        f"revenue: {facts['revenue']:.2f} euros",
        *(f"{plan}: {euros:.2f} euros" for plan, euros in sorted(facts["by_plan"].items())),
    ]
    return "\n".join(lines) + "\n"


def make_report(
    rows: Iterable[Row],
    *,
    price: Callable[[Row], float] = price,
    today: Callable[[], date] = date.today,
    render: Callable[[Facts], Any] = render,
) -> object:
    """Return what `render` makes of the week's facts."""
    year, week, _ = today().isocalendar()
    return render({"year": year, "week": week} | count(rows, price))
