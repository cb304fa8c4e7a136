"""Judges `clean`: on rows as offices write them, then on a file that lands in the system."""

import csv
import io
import math
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import keys
from curriculum.checker.bench import Bench, Case, Failure, plain
from curriculum.material.answers import name_type
from curriculum.material.deployed import follow_run, read_json, read_run, require_part
from training.data.simulator import TARGET, contract, simulate, to_csv

ROWS = 14
LANDED_ROWS = 600
MODEL = "offices"
TRUE_WORDS = {"true", "t", "yes", "y", "1"}
FALSE_WORDS = {"false", "f", "no", "n", "0"}
KINDS = {column.name: column.kind for column in contract().columns}

Row = dict[str, str]


@dataclass(frozen=True)
class Written:
    """A row as it was delivered, what it is to become, and why."""

    row: Row
    right: Row
    why: dict[str, str] = field(default_factory=dict)


def prepare(bench: Bench) -> list[Case]:
    """Make rows that need nothing, rows to mend, and rows that nobody can mend."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    rows = make_rows(ROWS * 7, bench.seed)
    parts = [rows[place : place + ROWS] for place in range(0, len(rows), ROWS)]
    nothing = [Written(row, row) for row in parts[0]]
    cases = [
        make_case(
            "amounts with their currency", [soil(row, add_currency, chance) for row in parts[1]]
        ),
        make_case("rows that need nothing", nothing),
        make_case("decimal commas", [soil(row, write_comma, chance) for row in parts[2]]),
        make_case("amounts of a thousand and more", [soil(row, group, chance) for row in parts[3]]),
        make_case(
            "categories as people type them", [soil(row, type_word, chance) for row in parts[4]]
        ),
        make_case("switches in other words", [soil(row, switch, chance) for row in parts[5]]),
    ]
    unknown = [soil(row, say_unknown, chance) for row in parts[6]]
    cases.append(make_case("words for what is not known", unknown))
    cases.append(make_case("what nobody can mend", list(map(spoil, parts[0], range(ROWS)))))
    return cases


def judge(case: Case, answer: object) -> Failure | None:
    """Find the first cell that is not what it is to be."""
    found = plain(answer)
    for written, made in zip(case.expected, found, strict=True):
        failure = compare(written, made)
        if failure:
            return failure
    return None


def probe(bench: Bench) -> Failure | None:
    """Land a file of the offices, and see what the system's validate step makes of it."""
    sha256 = require_part(bench, "clean")
    body, mendable, hopeless = write_delivery(bench.seed)
    with tempfile.TemporaryDirectory() as folder:
        path, agreed = Path(folder) / "offices.csv", Path(folder) / "contract.json"
        path.write_bytes(body)
        agreed.write_bytes(contract().model_copy(update={"dataset": MODEL}).to_json())
        run = follow_run(bench, MODEL, "data", "add", str(path), "--contract", str(agreed))
    if run["outcome"] == "rejected":
        return Failure(
            expected="a file that the validate step takes",
            observed=f"a run that was rejected: {run['reason']}",
            where=f"loop runs {run['run_id']}; your clean.py works in this step.",
        )
    version = read_run(bench, run["run_id"], "data.json")["version"]
    summary = read_json(bench, keys.dataset_summary(MODEL, version))
    bench.metrics["rows_changed"] = float(summary.get("own_clean", {}).get("rows_changed", 0))
    return judge_summary(summary, sha256, mendable=mendable, hopeless=hopeless)


def judge_summary(
    summary: dict[str, Any], sha256: str, *, mendable: int, hopeless: int
) -> Failure | None:
    """Compare a dataset version's counts with what was delivered."""
    told = summary.get("own_clean", {})
    if told.get("sha256") != sha256:
        return Failure(
            expected="a dataset version that your clean.py had a part in",
            observed="one that says of another file, or of none",
            where="loop status says which parts are yours; loop deploy puts them there.",
        )
    where = "datasets/offices/{version}/summary.json: faults says what, and in which column."
    if told["rows_changed"] < mendable:
        return Failure(
            expected=f"at least {mendable} rows that your clean.py mends",
            observed=f"{told['rows_changed']} rows",
            where=where,
        )
    if summary["quarantined"] != hopeless:
        return Failure(
            expected=f"{hopeless} rows in quarantine: those that nobody can mend",
            observed=f"{summary['quarantined']} rows",
            where=where,
        )
    return None


def compare(written: Written, made: object) -> Failure | None:
    """Compare one row, column by column."""
    about = f"`clean` of a row with {describe(written)}"
    if not isinstance(made, dict):
        return Failure(
            expected="a dict, the row",
            observed=name_type(made),
            where="The end of `clean`: does it return the row?",
        )
    if set(made) != set(written.right):
        odd = min(set(made) ^ set(written.right))
        return Failure(
            expected="the columns that came in, all of them and no other",
            observed=f"{odd!r} is {'new' if odd in made else 'gone'}",
            where=about,
        )
    for name, right in written.right.items():
        if not isinstance(made[name], str):
            return Failure(
                expected=f"{name}: a text, '' where the value is missing",
                observed=name_type(made[name]),
                where=about,
            )
        if not same(name, made[name], right):
            return Failure(
                expected=f"{name} = {right!r}",
                observed=f"{name} = {made[name]!r}",
                where=written.why.get(name) or explain(name, written),
            )
    return None


def explain(name: str, written: Written) -> str:
    """Say what is wrong with a change of a cell that was to stay."""
    if name in {"customer_id", "observed_on", TARGET}:
        return f"{name} is never touched: who it is, when it was and what came of it are facts."
    if written.row[name] == "":
        return "The cell is empty: nobody knows it, and a guess would look like a fact."
    if KINDS.get(name) == "categorical":
        return f"{written.row[name]!r} is a word of the contract already: leave it as it is."
    return "The contract reads this cell as it is: leave it so."


def describe(written: Written) -> str:
    """Name the cells of a row that were written in an office's way."""
    odd = [f"{name} {text!r}" for name, text in written.row.items() if name in written.why]
    return ", ".join(odd) or "nothing to mend"


def same(name: str, made: str, right: str) -> bool:
    """Say whether two cells are the same value for the contract."""
    made, right = made.strip(), right.strip()
    if KINDS.get(name) == "boolean":
        for words in (TRUE_WORDS, FALSE_WORDS):
            if right.lower() in words:
                return made.lower() in words
    if KINDS.get(name) == "numeric" and is_number(right) and is_number(made):
        return math.isclose(float(made), float(right), rel_tol=1e-9, abs_tol=1e-9)
    return made == right


def is_number(text: str) -> bool:
    """Say whether a text is a number as the contract reads it."""
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def make_rows(count: int, seed: int) -> list[Row]:
    """Simulate customers, as rows of texts."""
    body = to_csv(simulate(count, seed=seed), seed=seed, dirty_share=0.0).body
    return list(csv.DictReader(io.StringIO(body.decode())))


def make_case(name: str, rows: list[Written]) -> Case:
    """Make a case of rows."""
    return Case(name=name, arguments=([each.row for each in rows],), expected=rows)


Soil = Callable[[Row, random.Random], tuple[Row, Row, dict[str, str]]]


def soil(row: Row, how: Soil, chance: random.Random) -> Written:
    """Write a row in an office's way; what it is to become is what it was."""
    cells, right, why = how(row, chance)
    return Written(row | cells, row | right, why)


def add_currency(row: Row, chance: random.Random) -> tuple[Row, Row, dict[str, str]]:
    """Write amounts with a currency."""
    ways = ("€ {}", "{} €", "{}€", "{} EUR", "EUR {}")
    name = chance.choice(("monthly_bill", "overdue_balance"))
    cells = {name: chance.choice(ways).format(row[name])}
    return cells, {}, {name: "It is in euros, as the contract means it: the sign can go."}


def write_comma(row: Row, chance: random.Random) -> tuple[Row, Row, dict[str, str]]:
    """Write the fraction after a comma."""
    name = chance.choice(("monthly_bill", "usage_hours"))
    value = float(row[name] or chance.randint(1, 90)) + 0.5
    right = f"{value:.1f}" if name == "usage_hours" else f"{value:.2f}"
    cells = {name: right.replace(".", ",")}
    return (
        cells,
        {name: right},
        {name: "A comma with one or two digits after it is a decimal mark."},
    )


def group(_row: Row, chance: random.Random) -> tuple[Row, Row, dict[str, str]]:
    """Write marks between thousands, in the one way and in the other."""
    value = chance.randint(100_000, 1_900_000) / 100
    english = f"{value:,.2f}"
    german = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    is_german = chance.random() < 0.5
    mark = "point" if is_german else "comma"
    cells = {"monthly_bill": german if is_german else english}
    why = f"The {mark} stands between thousands: of the two marks the last is the decimal one."
    return cells, {"monthly_bill": f"{value:.2f}"}, {"monthly_bill": why}


def type_word(row: Row, chance: random.Random) -> tuple[Row, Row, dict[str, str]]:
    """Write categories with capitals, blanks and hyphens."""
    ways: tuple[Callable[[str], str], ...] = (str.upper, str.title, str.capitalize)
    mark = chance.choice((" ", "-", "_"))
    names = ("plan", "payment_method", "channel", "region", "billing_period")
    cells = {name: chance.choice(ways)(row[name]).replace("_", mark) for name in names}
    why = "The same word, typed in another way: write it as the contract does."
    return cells, {}, {name: why for name in names if cells[name] != row[name]}


def switch(row: Row, chance: random.Random) -> tuple[Row, Row, dict[str, str]]:
    """Write truths in other words."""
    words = {"true": ("ja", "Ja", "JA", "on", "On"), "false": ("nein", "Nein", "off", "OFF")}
    names = ("autopay", "has_discount")
    cells = {name: chance.choice(words[row[name]]) for name in names}
    return cells, {}, dict.fromkeys(names, "The offices write ja and nein, on and off.")


def say_unknown(_row: Row, chance: random.Random) -> tuple[Row, Row, dict[str, str]]:
    """Write a word where a value is not known."""
    name = chance.choice(("satisfaction", "usage_hours", "age_band", "support_contacts"))
    word = chance.choice(("unknown", "Unknown", "n.a.", "N.A.", "UNKNOWN"))
    why = "The word says that the value is not known; in a row of texts that is ''."
    return {name: word}, {name: ""}, {name: why}


HOPELESS = (
    ("tenure_months", "-4", "A minus is no dirt: it says that something went wrong at the source."),
    (
        "tenure_months",
        "",
        "The cell is empty: nobody knows it, and a guess would look like a fact.",
    ),
    ("satisfaction", "", "The cell is empty: nobody knows it, and a guess would look like a fact."),
    (
        "plan",
        "premium_plus",
        "A plan that the contract does not know. Is it new? Ask, do not guess.",
    ),
    ("autopay", "maybe", "Neither yes nor no: which of the two would you take, and why?"),
    ("monthly_bill", "$ 17.31", "It is in dollars: to take the sign off makes euros of them."),
    ("monthly_bill", "17.31 USD", "It is in dollars: to take the sign off makes euros of them."),
    ("monthly_bill", "1,234", "A thousand, or one and a bit? Nobody knows from the cell alone."),
    (
        "monthly_bill",
        "1731",
        "Perhaps cents, perhaps a large customer: the cell does not say which.",
    ),
    (TARGET, "pending", "The outcome is what a model learns from: never touch it."),
    (TARGET, "", "The outcome is what a model learns from: never touch it."),
    (TARGET, "Unknown", "The outcome is what a model learns from: never touch it."),
    ("customer_id", "t0-9 9", "Whose row it is: never touch it."),
    ("late_payments", "a few", "No number: leave the words, so that the quarantine can show them."),
)


def spoil(row: Row, place: int) -> Written:
    """Write into a row what nobody can mend; it is to stay."""
    name, text, why = HOPELESS[place % len(HOPELESS)]
    cells = row | {name: text}
    return Written(cells, cells, {name: why})


def write_delivery(seed: int) -> tuple[bytes, int, int]:
    """Write a file of the offices; return how many rows can be mended, and how many cannot."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible exercise, not a secret
    ways = (add_currency, write_comma, group, type_word, switch, say_unknown)
    # What breaks the contract, and breaks it after any mending too.
    breaks = [each for each in HOPELESS if each[:2] in {
        ("tenure_months", "-4"), ("plan", "premium_plus"), ("autopay", "maybe"),
        ("monthly_bill", "17.31 USD"), ("late_payments", "a few"), (TARGET, "pending"),
    }]  # fmt: skip
    rows, mendable, hopeless = make_rows(LANDED_ROWS, seed), 0, 0
    for place, row in enumerate(rows):
        draw = chance.random()
        if draw < 0.3:
            written = soil(row, chance.choice(ways), chance)
            rows[place] = written.row
            mendable += 1
        elif draw < 0.35:
            name, text, _ = chance.choice(breaks)
            rows[place] = row | {name: text}
            hopeless += 1
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(), mendable, hopeless
