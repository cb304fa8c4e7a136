"""The benchmark's part of docs/benchmarks.md, which it writes itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    what : str
        What was measured.
    figures : str
        Absolute figures, ours first.
    ratio : str
        What is compared with the target.
    target : str
        What was wanted; empty where nothing was.
    reached : bool or None
        Whether the target was reached.
    """

    what: str
    figures: str
    ratio: str
    target: str = ""
    reached: bool | None = None


def format_table(rows: Sequence[Row]) -> str:
    """Write rows as a table in Markdown."""
    marks = {True: "yes", False: "**no**", None: ""}
    lines = ["| what | figures | ratio | wanted | reached |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.figures} | {row.ratio} | {row.target} | {marks[row.reached]} |"
        for row in rows
    ]
    return "\n".join(lines)


def write_part(name: str, text: str, *, page: Path = PAGE) -> None:
    """Replace what stands between the markers of a part."""
    begin, end = f"<!-- bench-serving {name} -->", f"<!-- /bench-serving {name} -->"
    content = page.read_text("utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(content):
        raise SystemExit(f"{page} has no place for the part {name!r}.")
    replaced = pattern.sub(lambda _: f"{begin}\n{text}\n{end}", content)
    page.write_text(replaced, "utf-8")
