"""Markdown as far as lessons need it: which lines are code, and what stands in backticks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_FENCE: Final = re.compile(r"^\s*```")
_SPAN: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text; `number` counts from 1."""

    number: int
    text: str
    is_code: bool


def read_lines(text: str) -> list[Line]:
    """Read lines, and tell code (between fences, or indented by four) from prose."""
    lines, fenced = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        is_fence = bool(_FENCE.match(line))
        lines.append(Line(number, line, is_code=fenced or is_fence or line.startswith("    ")))
        fenced ^= is_fence
    return lines


def find_spans(lines: Sequence[Line]) -> Iterator[tuple[Line, str]]:
    """Yield what prose has in backticks, with its line."""
    for line in lines:
        if not line.is_code:
            yield from ((line, span.strip()) for span in _SPAN.findall(line.text))
