"""A table for measurements: as wide as people's tables are, with the usual faults in it."""

from pathlib import Path

from core.contract import Column, Contract
from training.data.read import connect
from training.data.rules import quote_text

_PLANS = ("basic", "plus", "pro", "family")
_CITIES = tuple(f"city {number:02d}" for number in range(40))
_FEATURES = (
    *(Column(name=f"amount_{i}", kind="numeric", minimum=0) for i in range(6)),
    *(Column(name=f"score_{i}", kind="numeric") for i in range(4)),
    *(Column(name=f"count_{i}", kind="numeric", nullable=False, minimum=0) for i in range(2)),
    Column(name="plan", kind="categorical", categories=_PLANS),
    *(Column(name=f"city_{i}", kind="categorical", categories=_CITIES) for i in range(3)),
    *(Column(name=name, kind="boolean") for name in ("autopay", "paperless")),
)
CONTRACT = Contract(
    dataset="bench",
    task="binary",
    target="churned",
    classes=("no", "yes"),
    identifier="customer",
    columns=_FEATURES,
)
"""12 numbers, 4 categories and 2 booleans; with identifier and target 20 columns."""

NAMES = (CONTRACT.identifier or "", *(column.name for column in _FEATURES), CONTRACT.target)


def write_csv(path: Path, *, rows: int) -> None:
    """Write `rows` rows: of most columns one cell in 20 is missing, and one row in 300 is bad."""
    cells = [
        "'C' || lpad(CAST(i AS VARCHAR), 9, '0') AS customer",
        *(f"{_cell(column)} AS {column.name}" for column in _FEATURES),
        "CASE WHEN random() < 0.3 THEN 'yes' ELSE 'no' END AS churned",
    ]
    with connect(path.parent) as connection:
        # With one thread the random numbers come in the same order every time.
        connection.execute("SET threads = 1")
        connection.execute("SELECT setseed(0.5)").fetchall()
        connection.execute(
            f"COPY (SELECT {', '.join(cells)} FROM range({rows:d}) t(i))"
            f" TO {quote_text(str(path))} (FORMAT csv, HEADER)"
        ).fetchall()


def _cell(column: Column) -> str:
    """Return the SQL of a column's text; a count is sometimes -1, which its contract forbids."""
    if not column.nullable:
        return "CASE WHEN random() < 0.0017 THEN -1 ELSE CAST(random() * 5000 AS INTEGER) END"
    if column.kind == "numeric":
        number = "random() * 900" if column.minimum is not None else "random() * 8 - 4"
        known = f"CAST(round({number}, 2) AS VARCHAR)"
    elif column.kind == "boolean":
        known = "CASE WHEN random() < 0.4 THEN 'yes' ELSE 'no' END"
    else:
        labels = column.categories or ()
        texts = ", ".join(quote_text(label) for label in labels)
        known = f"[{texts}][1 + CAST(floor(random() * {len(labels)}) AS INTEGER)]"
    return f"CASE WHEN random() < 0.05 THEN NULL ELSE {known} END"
