"""Wrong: a comma separates thousands, everywhere."""

import csv
import io

MISSING = {"", "n/a", "NA", "-", "?"}


def read_table(body: bytes, numeric: list[str], decimal: str) -> dict[str, list]:
    """Read a CSV file, whatever office it comes from; see the starter for the fields."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("windows-1252")
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    header, *found = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in header]
    rows, problems = [], []
    for number, cells in enumerate(found, start=1):
        row: dict[str, str | float | None] = {}
        for name, cell in zip(names, map(str.strip, cells), strict=True):
            row[name] = None if cell in MISSING else cell
            if name in numeric and row[name] is not None:
                row[name] = _read_number(cell, decimal)
                if row[name] is None:
                    problems.append((number, name))
        rows.append(row)
    return {"rows": rows, "problems": problems}


def _read_number(cell: str, decimal: str) -> float | None:
    thousands = ","
    plain = cell.replace(thousands, "").replace("€", "").replace(" ", "")
    try:
        return float(plain)
    except ValueError:
        return None
