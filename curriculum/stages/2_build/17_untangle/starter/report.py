"""The weekly report: who pays how much.

It is to become, with the same words in the report as today:

`price(row)`
    What a customer pays in euros. A row has "customer", "plan", "months"; this needs the last two.
`count(rows, price)`
    {"customers": how many, "revenue": euros, "by_plan": {plan: euros}}; `price` is a function of a
    row. A customer who comes twice counts once, with the first row.
`render(facts)`
    The report's text. `facts` are those of `count`, with "year" and "week" beside them.
`make_report(rows, *, price=…, today=…, render=…)`
    What `render` makes of the facts. Each step is handed in, and has a default: the two functions
    above, and for `today` one that returns the date when it is called.

No step changes a row. Nothing remains from one call to the next.
"""

from datetime import date

SEEN = []
TOTAL = 0
BY_PLAN = {}


def make_report(rows):
    global TOTAL
    for row in rows:
        if row["customer"] in SEEN:
            continue
        SEEN.append(row["customer"])
        if row["plan"] == "basic":
            row["pays"] = 10
        elif row["plan"] == "standard":
            row["pays"] = 25
        elif row["plan"] == "premium":
            row["pays"] = 60
        else:
            row["pays"] = 0
        if row["months"] > 12:
            row["pays"] = row["pays"] * 0.9
        TOTAL = TOTAL + row["pays"]
        if row["plan"] in BY_PLAN:
            BY_PLAN[row["plan"]] = BY_PLAN[row["plan"]] + row["pays"]
        else:
            BY_PLAN[row["plan"]] = row["pays"]
    year, week, _ = date.today().isocalendar()
    text = f"Week {week} of {year}\n"
    text = text + f"customers: {len(SEEN)}\n"
    text = text + f"revenue: {TOTAL:.2f} euros\n"
    for plan in sorted(BY_PLAN):
        text = text + f"{plan}: {BY_PLAN[plan]:.2f} euros\n"
    return text
