"""Judges `read_table`: small files, written in the ways that offices and programs write them."""

import csv
import io
import random
from dataclasses import dataclass, field
from typing import Any

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields

NAMES = ("Müller", "Günther", "Ångström", "Lefèvre", "Peña", "Strauß", "Çelik", "Brontë")
TOWNS = ("Köln", "Zürich", "Málaga", "Genève", "Łódź", "Århus", "Mâcon", "Graz")
MISSING = ("", "n/a", "NA", "-", "?")
UNREADABLE = ("twelve", "see note", "12.50 or 15", "unknown", "1O.5")
COLUMNS = ("customer", "post_code", "note", "bill", "usage")
NUMERIC = ["bill", "usage"]


@dataclass
class Office:
    """How one office writes files."""

    name: str
    where: str
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    line_end: str = "\n"
    mark: bool = False
    quoted: bool = False
    holes: bool = False
    unreadable: bool = False
    grouped: bool = False
    expected: dict[str, Any] = field(default_factory=dict)


def make_offices() -> list[Office]:
    """List the offices, the tidy one first."""
    return [
        Office(
            "a tidy file from Vienna, in Windows-1252",
            "Bytes become text first. This file is not UTF-8: what does that codec say about it? "
            "Look at the lesson's first layer.",
            encoding="windows-1252",
        ),
        Office(
            "a file in UTF-8",
            "This file is UTF-8, and was read as something else: try the strict codec first.",
        ),
        Office(
            "a file that Excel saved, with a byte order mark",
            "The first three bytes are no letters but a mark. There is a codec that takes it off.",
            mark=True,
            line_end="\r\n",
        ),
        Office(
            "a file from Munich: semicolons, and a decimal comma",
            'decimal is ",": a comma is a decimal comma here, and a point separates thousands.',
            delimiter=";",
            decimal=",",
            grouped=True,
        ),
        Office(
            "a file from London: tabs, and commas between thousands",
            'decimal is ".": a comma separates thousands here.',
            delimiter="\t",
            grouped=True,
        ),
        Office(
            "a file with quoted notes",
            "The cell is quoted: what stands inside quotes, be it a delimiter or a line end, "
            "belongs to the cell.",
            quoted=True,
        ),
        Office(
            "a file with holes",
            "Empty, n/a, NA, - and ? mean that nobody knows: None, in every column.",
            holes=True,
        ),
        Office(
            "a file with cells that are no numbers",
            "An unreadable cell is not a missing one: its place belongs into `problems`.",
            delimiter=";",
            decimal=",",
            holes=True,
            unreadable=True,
        ),
    ]


def prepare(bench: Bench) -> list[Case]:
    """Write one file for every office."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    return [make_case(office, chance) for office in make_offices()]


def make_case(office: Office, chance: random.Random) -> Case:
    """Write a file of 12 rows, and what is in it."""
    rows, written, problems = [], [], []
    for number in range(1, 13):
        truth, cells = make_row(office, chance)
        if office.holes and number % 3 == 0:
            column = chance.choice(["note", "bill", "usage"])
            truth[column], cells[column] = None, chance.choice(MISSING)
        if office.unreadable and number % 4 == 1:
            column = chance.choice(NUMERIC)
            truth[column], cells[column] = None, chance.choice(UNREADABLE)
            problems.append([number, column])
        rows.append(truth)
        written.append([cells[name] for name in COLUMNS])
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=office.delimiter, lineterminator=office.line_end)
    writer.writerows([COLUMNS, *written])
    body = text.getvalue().encode("utf-8-sig" if office.mark else office.encoding)
    return Case(
        name=office.name,
        # One character for each byte; the driver makes bytes of them again.
        arguments=(body.decode("latin-1"), NUMERIC, office.decimal),
        expected={"rows": rows, "problems": problems, "where": office.where},
    )


def make_row(office: Office, chance: random.Random) -> tuple[dict[str, Any], dict[str, str]]:
    """Make one row: what it means, and how it is written."""
    # Whatever happens, there is a letter that one byte cannot hold in UTF-8.
    towns = [town for town in TOWNS if office.encoding == "utf-8" or town != "Łódź"]
    note = f"moved to {chance.choice(towns)}"
    if office.quoted:
        note = chance.choice([f"{note}, and back", f'said "{note}"', f"{note}\nin spring"])
    bill = round(chance.uniform(1000, 9999) if office.grouped else chance.uniform(5, 190), 2)
    usage = round(chance.uniform(0, 99), 1)
    truth = {
        "customer": f"{chance.choice(NAMES)} {chance.randrange(100, 999)}",
        "post_code": f"{chance.randrange(1000, 9999):05d}",
        "note": note,
        "bill": bill,
        "usage": usage,
    }
    cells = {name: str(value) for name, value in truth.items()}
    cells["bill"] = write_number(f"{bill:,.2f}" if office.grouped else f"{bill:.2f}", office)
    if office.grouped:
        cells["bill"] += chance.choice([" €", ""])
    cells["usage"] = write_number(f"{usage:.1f}", office)
    if not office.quoted:
        cells["note"] = chance.choice(["", " "]) + note + chance.choice(["", "  "])
    return truth, cells


def write_number(text: str, office: Office) -> str:
    """Write a number as the office does."""
    return text.translate(str.maketrans(",.", ".,")) if office.decimal == "," else text


def judge(case: Case, answer: object) -> Failure | None:
    """Compare the columns, the number of rows, the problems, then cell by cell."""
    right, where = case.expected, case.expected["where"]
    failure = read_fields(answer, ("rows", "problems"), where="What `read_table` returns.")
    if failure or not isinstance(answer, dict):
        return failure
    rows = answer["rows"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return Failure(
            expected="rows: a list of dicts",
            observed="something else",
            where="What `read_table` returns.",
        )
    if len(rows) != len(right["rows"]):
        return Failure(
            expected=f"{len(right['rows'])} rows", observed=f"{len(rows)} rows", where=where
        )
    return (
        compare_columns(rows, where)
        or compare_cells(rows, right["rows"], where)
        or compare_problems(answer["problems"], right["problems"], where)
    )


def compare_columns(rows: list[dict[str, Any]], where: str) -> Failure | None:
    """Return a failure when the columns have other names."""
    names = list(rows[0])
    if set(names) == set(COLUMNS):
        return None
    return Failure(
        expected=f"the columns {', '.join(COLUMNS)}",
        observed=", ".join(ascii(name)[1:-1] for name in names)[:200],
        where=where,
    )


def compare_cells(
    rows: list[dict[str, Any]], right: list[dict[str, Any]], where: str
) -> Failure | None:
    """Return a failure for the first cell that differs."""
    for number, (row, truth) in enumerate(zip(rows, right, strict=True), start=1):
        for name, value in truth.items():
            told = row.get(name)
            if is_same(told, value):
                continue
            place = f"row {number}, {name}"
            bad = isinstance(value, str) and isinstance(told, str) and not told.isascii()
            letters = "; the accents are wrong" if bad and told != value else ""
            return Failure(
                expected=f"{place} = {value!r}", observed=f"{told!r}{letters}", where=where
            )
    return None


def is_same(told: object, value: object) -> bool:
    """Compare a cell; numbers may differ by rounding."""
    if isinstance(value, float):
        is_number = isinstance(told, int | float) and not isinstance(told, bool)
        return is_number and abs(float(str(told)) - value) < 1e-6
    return told == value


def compare_problems(told: object, right: list[list[Any]], where: str) -> Failure | None:
    """Return a failure when the problems are others."""
    try:
        found = sorted([int(row), str(column)] for row, column in told)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return Failure(
            expected="problems: a list of (row, column)",
            observed="something else",
            where="What `read_table` returns.",
        )
    if found == sorted(right):
        return None
    return Failure(expected=f"problems = {sorted(right)}", observed=f"{found}", where=where)
