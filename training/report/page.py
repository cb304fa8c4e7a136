"""Documents as one page of HTML that needs nothing else: no script, no request, any screen, paper.

Every text is escaped, and the page forbids itself to load or run anything
(``Content-Security-Policy``), so that a name in somebody's CSV stays a name.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from training.report.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Figure,
    Highlight,
    Said,
    Section,
    Table,
    Text,
    tell,
)
from training.report.style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_OPEN_ROWS = 18
"""Longer tables are folded up; paper shows them whole."""


def write_page(documents: Sequence[Document]) -> str:
    """Write documents as one page, with a list of what is in it.

    Parameters
    ----------
    documents : sequence of Document
        The first gives the page its title.
    """
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(documents[0].title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    parts = [_write_contents(documents), "<main>"]
    for place, document in enumerate(documents):
        parts.append(_write_document(document, place))
    return head + "\n".join([*parts, "</main>", "</body>", "</html>", ""])


def _write_contents(documents: Sequence[Document]) -> str:
    lines = ["<nav>"]
    for place, document in enumerate(documents):
        lines.append(f'<p><a href="#d{place}">{_text(document.title)}</a></p><ul>')
        lines += [
            f'<li><a href="#d{place}s{number}">{_text(section.title)}</a></li>'
            for number, section in enumerate(document.sections)
        ]
        lines.append("</ul>")
    return "\n".join([*lines, "</nav>"])


def _write_document(document: Document, place: int) -> str:
    level = 1 if place == 0 else 2
    lines = [
        f'<article id="d{place}"><header><h{level}>{_text(document.title)}</h{level}>',
        f"<p>{_text(document.lead)}</p></header>",
    ]
    if document.highlights:
        lines += ['<div class="highlights">', *map(_write_highlight, document.highlights), "</div>"]
    for number, section in enumerate(document.sections):
        lines += [
            f'<section id="d{place}s{number}">',
            *_write_section(section, level),
            "</section>",
        ]
    return "\n".join([*lines, "</article>"])


def _write_highlight(each: Highlight) -> str:
    return (
        f'<div class="highlight"><span class="name">{_text(each.name)}</span>'
        f'<span class="value">{_text(each.value)}</span>'
        f'<span class="note">{_text(each.note)}</span></div>'
    )


def _write_section(section: Section, level: int) -> Iterator[str]:
    yield f"<h{level + 1}>{_text(section.title)}</h{level + 1}>"
    if section.lead:
        yield f"<p>{_text(section.lead)}</p>"
    for kind, blocks in groupby(section.blocks, key=_name_group):
        written = [_write_block(block) for block in blocks]
        yield "\n".join([f'<div class="{kind}">', *written, "</div>"] if kind else written)


def _name_group(block: Block) -> str:
    """Pictures that follow one another stand side by side where there is room."""
    if not isinstance(block, Figure):
        return ""
    return "pictures small" if block.small else "pictures"


def _write_block(block: Block) -> str:
    match block:
        case Text(text):
            return f"<p>{_text(text)}</p>"
        case Said(question, answer):
            said = _write_answer(answer) or '<p class="unsaid">not stated</p>'
            return f'<div class="said"><h4>{_text(question)}</h4>{said}</div>'
        case Code(text):
            return f"<pre>{_text(text)}</pre>"
        case Facts(pairs):
            rows = [f"<dt>{_text(name)}</dt><dd>{_text(tell(value))}</dd>" for name, value in pairs]
            return "\n".join(["<dl>", *rows, "</dl>"])
        case Table():
            return _write_table(block)
        case Figure(title, svg, caption):
            words = f"<b>{_text(title)}</b> {_text(caption)}"
            return f"<figure>{svg}<figcaption>{words}</figcaption></figure>"


def _write_answer(answer: str) -> str:
    parts = [part for part in re.split(r"\n\s*\n", answer) if part.strip()]
    return "".join(f"<p>{_text(part)}</p>" for part in parts)


def _write_table(table: Table) -> str:
    numeric = [
        bool(table.rows) and all(_is_number(row[place]) for row in table.rows)
        for place in range(len(table.columns))
    ]
    marks = [' class="number"' if right else "" for right in numeric]
    head = "".join(
        f'<th scope="col"{mark}>{_text(name)}</th>'
        for mark, name in zip(marks, table.columns, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td{mark}>{_write_cell(cell, table)}</td>"
            for mark, cell in zip(marks, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    body = (
        f'<div class="table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    note = f'<p class="note">{_text(table.note)}</p>' if table.note else ""
    if len(table.rows) <= _OPEN_ROWS:
        title = f"<h4>{_text(table.title)}</h4>" if table.title else ""
        return title + body + note
    name = f"{_text(table.title)} ({len(table.rows)} rows)"
    return f"<details><summary>{name}</summary>{body}{note}</details>"


def _write_cell(cell: Cell, table: Table) -> str:
    if cell is False and table.verdicts:
        return f'<span class="bad">{tell(cell)}</span>'
    return _text(tell(cell))


def _is_number(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))


def _text(text: str) -> str:
    """Escape text; characters that a page must not hold are shown as blanks."""
    return escape("".join(c if c.isprintable() or c in "\n\u00a0\u202f" else " " for c in text))
