"""Tables of docs/benchmarks.md that a benchmark writes itself, one row for each case.

A benchmark that runs in parts replaces the rows of these parts and keeps the others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Sequence[str]


def write_tables(
    path: Path, section: str, tables: Mapping[str, tuple[Row, Sequence[Row]]], *, note: str
) -> None:
    """Put rows into the tables between the marks of a section.

    Parameters
    ----------
    path : Path
        A Markdown file that holds ``<!-- {section}: begin -->`` and ``<!-- {section}: end -->``.
    tables : mapping
        Titles to headers and rows; the first cell of a row names its case.
    note : str
        A line below the tables.

    Raises
    ------
    ValueError
        If the file does not hold the marks.
    """
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    text = path.read_text()
    before, found, rest = text.partition(begin)
    old, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path.name} has no place for the section {section}.")
    known = _read_rows(old)
    blocks = [
        _format(title, header, known.get(title, []), rows)
        for title, (header, rows) in tables.items()
    ]
    body = "\n\n".join([*blocks, note])
    path.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}")


def _format(title: str, header: Row, known: Sequence[Row], rows: Sequence[Row]) -> str:
    merged = {row[0]: row for row in known if len(row) == len(header)}
    merged |= {row[0]: row for row in rows}
    lines = [f"**{title}**", "", _line(header), _line(["---"] * len(header))]
    return "\n".join([*lines, *(_line(row) for row in sorted(merged.values(), key=_order))])


def _order(row: Row) -> tuple[int, str]:
    """Sort by the number of rows that a case begins with; data sets by name come first."""
    digits = row[0].partition(" ")[0].replace(",", "")
    return (int(digits) if digits.isdigit() else 0, row[0])


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def _read_rows(text: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    title = ""
    for line in text.splitlines():
        if line.startswith("**"):
            title = line.strip("*")
        elif line.startswith("|"):
            found.setdefault(title, []).append(
                [cell.strip() for cell in line.strip("|").split("|")]
            )
    # The header and the rule below it are written anew.
    return {name: rows[2:] for name, rows in found.items()}
