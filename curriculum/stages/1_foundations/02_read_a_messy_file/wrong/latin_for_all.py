"""Wrong: one encoding that never complains, for all files."""

import csv
import io

MISSING = {"", "n/a", "NA", "-", "?"}


def read_table(body: bytes, numeric: list[str], decimal: str) -> dict[str, list]:
    """Read a CSV file, whatever office it comes from; see the starter for the fields."""
    text = body.decode("windows-1252", errors="replace")
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
    thousands = "," if decimal == "." else "."
    plain = cell.replace(thousands, "").replace("€", "").replace(" ", "").replace(decimal, ".")
    try:
        return float(plain)
    except ValueError:
        return None
