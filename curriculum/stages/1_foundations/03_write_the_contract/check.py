"""Judges `contract`: reads it with the system's own code, and lets the validate step use it."""

import csv
import io
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from core import keys
from core.contract import Contract
from core.errors import InvalidInputError
from core.store import open_memory
from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type
from training.data.read import connect
from training.data.validate import validate_raw

HEADER = (
    "line_id", "region", "age_group", "technology", "speed_mbit", "outages", "signal_db",
    "modem_age_months", "monthly_bill", "autopay", "technician_note", "closed_on", "cancelled",
)  # fmt: skip
FEATURES = HEADER[1:10]
AFTERWARDS = ("technician_note", "closed_on")
USUAL_ROWS = 120
MAX_BYTES = 8 * 1024 * 1024

# What changes in a usual row, and the words for it.
UNUSUAL: tuple[tuple[dict[str, str], str], ...] = (
    ({"speed_mbit": "1000"}, "the fastest line"),
    ({"speed_mbit": "1"}, "the slowest line"),
    ({"outages": "720"}, "a line that was down for all of 30 days"),
    ({"signal_db": "-30"}, "the weakest signal"),
    ({"signal_db": "20"}, "the strongest signal"),
    ({"modem_age_months": "240"}, "the oldest modem"),
    ({"modem_age_months": "0"}, "a new modem"),
    ({"monthly_bill": "0"}, "a month after a credit"),
    ({"monthly_bill": "500"}, "the largest plan"),
)
MISSING_FOR_A_REASON: tuple[tuple[dict[str, str], str], ...] = (
    ({"signal_db": ""}, "a modem that is off"),
    ({"modem_age_months": ""}, "a customer without a modem of ours"),
    ({"age_group": ""}, "a customer who does not tell the age group"),
)
BROKEN: tuple[tuple[dict[str, str], str], ...] = (
    ({"speed_mbit": "-1"}, "a speed of -1"),
    ({"speed_mbit": "0"}, "a speed of 0"),
    ({"speed_mbit": "100000"}, "a speed of 100000"),
    ({"speed_mbit": ""}, "a line without a speed"),
    ({"outages": "-3"}, "-3 hours of outage"),
    ({"outages": "2000"}, "2000 hours of outage in 30 days"),
    ({"outages": ""}, "a line without outages told"),
    ({"signal_db": "-999"}, "a signal of -999"),
    ({"signal_db": "65"}, "a signal of 65"),
    ({"modem_age_months": "-4"}, "a modem of age -4"),
    ({"modem_age_months": "900"}, "a modem of 75 years"),
    ({"monthly_bill": "-12.5"}, "a bill below zero"),
    ({"monthly_bill": "89900"}, "a bill of 89900, in cents it seems"),
    ({"monthly_bill": ""}, "a line without a bill"),
    ({"technology": "fibr"}, "a technology that is none"),
    ({"technology": ""}, "a line without technology"),
    ({"region": "middle"}, "a region that is none"),
    ({"region": ""}, "a line without region"),
    ({"age_group": "30-44"}, "an age group that is none"),
    ({"autopay": "maybe"}, "an autopay that is neither"),
)


def prepare(bench: Bench) -> list[Case]:
    """Make one case: a contract has no arguments, its file has many rows."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    rows = [(make_usual(chance), "usual", "a usual line") for _ in range(USUAL_ROWS)]
    for kind, changes in (
        ("unusual", UNUSUAL),
        ("missing", MISSING_FOR_A_REASON),
        ("broken", BROKEN),
    ):
        rows += [(make_usual(chance) | change, kind, words) for change, words in changes]
    chance.shuffle(rows)
    return [Case(name="your contract of home-internet", arguments=(), expected=rows)]


def make_usual(chance: random.Random) -> dict[str, str]:
    """Make a row that nobody would look at twice."""
    cancelled = chance.random() < 0.3
    return {
        "line_id": f"L{chance.randrange(10**9):09d}",
        "region": chance.choice(["north", "south", "east", "west"]),
        "age_group": chance.choice(["under 30", "30-59", "60+"]),
        "technology": chance.choice(["dsl", "cable", "fibre"]),
        "speed_mbit": str(chance.randrange(16, 400)),
        "outages": str(chance.randrange(10)),
        "signal_db": f"{chance.uniform(-8, 12):.1f}",
        "modem_age_months": str(chance.randrange(1, 70)),
        "monthly_bill": f"{chance.uniform(15, 89):.2f}",
        "autopay": chance.choice(["yes", "no"]),
        "technician_note": chance.choice(["", "line taken down", "changed the filter"]),
        "closed_on": "2026-03-14" if cancelled else "",
        "cancelled": "yes" if cancelled else "no",
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Read the contract, look at what it says, then at what it does."""
    if not isinstance(answer, dict):
        return Failure(
            expected="a dict",
            observed=name_type(answer),
            where="The end of `contract`: does it return what it made?",
        )
    try:
        contract = Contract.from_json(json.dumps(answer).encode())
    except (InvalidInputError, TypeError, ValueError) as error:
        return Failure(
            expected="a contract as core/contract.py describes it",
            observed=str(error)[:300],
            where="The field that is named; core/contract.py says what it may hold.",
        )
    return judge_words(contract) or judge_rows(contract, case.expected)


def judge_words(contract: Contract) -> Failure | None:
    """Return what is wrong with the roles of the columns."""
    features = [column.name for column in contract.columns]
    if early := [name for name in AFTERWARDS if name in features]:
        return Failure(
            expected=f"{early[0]} among `ignored`",
            observed="it is a feature",
            where="The data sheet: it is known only afterwards, or partly so. On the day of the "
            "prediction it is empty.",
        )
    named = {*features, *contract.ignored, contract.target, contract.identifier or ""}
    if named != set(HEADER) or set(features) != set(FEATURES):
        wrong = sorted(named.symmetric_difference(HEADER)) or sorted(
            set(features).symmetric_difference(FEATURES)
        )
        return Failure(
            expected="each column of the data sheet in one role, nine of them as features",
            observed=f"look at {', '.join(wrong[:4])}",
            where="`columns`, `ignored`, `identifier` and `target`.",
        )
    if (contract.dataset, contract.target, contract.identifier) != (
        "home-internet",
        "cancelled",
        "line_id",
    ):
        return Failure(
            expected="dataset home-internet, target cancelled, identifier line_id",
            observed=f"{contract.dataset}, {contract.target}, {contract.identifier}",
            where="The first lines of the dict.",
        )
    if contract.classes != ("no", "yes"):
        return Failure(
            expected='classes: ["no", "yes"]',
            observed=str(list(contract.classes)),
            where="`classes`: The positive class is the last one, and positive means: the one that "
            "you look for. The metrics are computed for it.",
        )
    sensitive = [column.name for column in contract.columns if column.sensitive]
    if "age_group" not in sensitive:
        return Failure(
            expected="age_group is sensitive",
            observed=f"sensitive: {', '.join(sensitive) or 'none'}",
            where="A protected trait is marked, so that later somebody looks how each group fares.",
        )
    return None


def judge_rows(contract: Contract, rows: list[tuple[dict[str, str], str, str]]) -> Failure | None:
    """Land a file, and compare where each row ended with where it belongs."""
    try:
        turned_away = validate(contract, [row for row, _, _ in rows])
    except InvalidInputError as error:
        return Failure(
            expected="a file that the validate step takes",
            observed=str(error)[:300],
            where="The whole file was refused: which rule refuses so many rows?",
        )
    for kind, should_stay, words in (
        ("usual", True, "This row is possible, and it was turned away"),
        ("unusual", True, "This row is possible, and it was turned away"),
        ("missing", True, "It is missing for a reason, and the row was turned away"),
        ("broken", False, "This row is impossible, and it was kept"),
    ):
        for number, (_, found, name) in enumerate(rows, start=2):
            if found == kind and (number in turned_away) == should_stay:
                return Failure(
                    expected=f"{name}: {'kept' if should_stay else 'turned away'}",
                    observed=turned_away.get(number, "kept"),
                    where=f"{words}. What does the data sheet say about this column?",
                )
    return None


def validate(contract: Contract, rows: list[dict[str, str]]) -> dict[int, str]:
    """Return the number of each row that was turned away, with reason and column."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    store = open_memory()
    raw_key = keys.raw(contract.dataset, "0" * 64, "lines.csv")
    store.put(raw_key, text.getvalue().encode())
    found = validate_raw(store, raw_key=raw_key, contract=contract)
    if found.status != "ok":
        raise InvalidInputError(found.reason)
    key = keys.quarantine(contract.dataset, found.version)
    if not store.exists(key):
        return {}
    told = read_parquet(store.get(key, max_bytes=MAX_BYTES).body)
    return {number: f"turned away: {reason} in {column}" for number, reason, column in told}


def read_parquet(body: bytes) -> list[tuple[Any, ...]]:
    """Read the quarantine: row number, reason, column."""
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(body)
        query = 'SELECT row_number, reason, "column" FROM read_parquet(?)'
        return connection.execute(query, [str(path)]).fetchall()
