"""A document as Markdown, as GitHub and most editors show it."""

import re
from collections.abc import Iterator

from training.report.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Figure,
    Said,
    Section,
    Table,
    Text,
    tell,
)

NOT_STATED = "*not stated*"

# Punctuation that begins a mark, a link, an entity, a formula or a table's cell.
_MARKS = re.compile(r"([\\`*\[\]<>|~&$])")
_UNDERSCORE = re.compile(r"(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")  # inside a word it marks nothing
_AT_START = re.compile(r"^([#+=!-]|\d+(?=[.)](?:\s|$)))")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|www)(?=[:.])")


def write_markdown(document: Document) -> str:
    """Write a document; all of its texts are escaped."""
    parts = [f"# {escape(document.title)}", _escape_paragraph(document.lead)]
    parts += [
        f"- **{escape(each.name)}**: {escape(each.value)}"
        + (f" ({escape(each.note)})" if each.note else "")
        for each in document.highlights
    ]
    lines = ["\n\n".join(parts[:2]), "\n".join(parts[2:])]
    lines += [part for section in document.sections for part in _write_section(section)]
    return "\n\n".join(line for line in lines if line) + "\n"


def escape(text: str) -> str:
    """Return text that shows as it is, on one line, whatever is in it."""
    text = _UNDERSCORE.sub(r"\\_", _MARKS.sub(r"\\\1", flatten(text)))
    # The two that older readers do not take with a backslash.
    text = text.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
    return _ADDRESS.sub(lambda found: f"{found[0][:-1]}&#{ord(found[0][-1])};", text)


def _escape_paragraph(text: str) -> str:
    """Escape text at the start of a line, where more marks count."""
    return _AT_START.sub(lambda found: f"&#{ord(found[0][0])};{found[0][1:]}", escape(text))


def _write_section(section: Section) -> Iterator[str]:
    yield f"## {escape(section.title)}"
    if section.lead:
        yield _escape_paragraph(section.lead)
    for block in section.blocks:
        yield _write_block(block)


def _write_block(block: Block) -> str:
    match block:
        case Text(text):
            return _escape_paragraph(text)
        case Said(question, answer):
            paragraphs = [
                _escape_paragraph(part) for part in re.split(r"\n\s*\n", answer) if part.strip()
            ]
            return "\n\n".join([f"**{escape(question)}**", *(paragraphs or [NOT_STATED])])
        case Code(text):
            return f"    {flatten(text)}"
        case Facts(pairs):
            return "\n".join(f"- {escape(name)}: {_cell(value)}" for name, value in pairs)
        case Table():
            return _write_table(block)
        case Figure():
            named = escape(block.title.removesuffix("."))
            return f"*{named}: a picture in card.html.* {escape(block.caption)}".rstrip()


def flatten(text: str) -> str:
    """Return text on one line: all that an indented block, where nothing is a mark, needs."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _write_table(table: Table) -> str:
    head = "| " + " | ".join(escape(column) for column in table.columns) + " |"
    rule = "|" + " --- |" * len(table.columns)
    rows = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table.rows]
    title = [f"**{escape(table.title)}**\n"] if table.title else []
    note = [f"\n{_escape_paragraph(table.note)}"] if table.note else []
    return "\n".join([*title, head, rule, *(rows or ["| none |"]), *note])


def _cell(value: Cell) -> str:
    return escape(tell(value))
