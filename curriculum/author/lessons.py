"""What can be seen of a lesson without reading it: its parts, its length, what it names."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from curriculum.author.drafts import place
from curriculum.author.findings import Finding
from curriculum.author.markdown import Line, read_lines
from curriculum.author.mentions import ExplainCommand, lint_commands, lint_links, lint_paths
from curriculum.checker.manifest import Exercise, Mode

ROOT: Final = Path(__file__).parents[2]
# Somebody who reads to understand; a table or a program takes twice as long.
WORDS_PER_MINUTE: Final = 200
PICTURE_MINUTES: Final = 0.25
MINUTES: Final = (3.0, 10.0)
INSTRUCTION: Final = "Write here:"

_SECTIONS: Final = (
    "The idea",
    "Where it lives",
    "What to do",
    "Afterwards, look",
    "What an interviewer asks",
    "Read on",
)


def lint_lesson(
    exercise: Exercise, *, explain_command: ExplainCommand, root: Path = ROOT
) -> list[Finding]:
    """Find what is missing in a lesson, and what it names that does not exist.

    Parameters
    ----------
    explain_command
        Says what is wrong with a ``loop …`` command, or None; the command line knows its own.
    root
        The project, which paths are looked up in.
    """
    if not exercise.lesson.is_file():
        return [Finding(where=place(exercise.lesson), problem="There is no lesson.")]
    lines = read_lines(exercise.lesson.read_text(encoding="utf-8"))
    return [
        Finding(where=place(exercise.lesson) + (f":{number}" if number else ""), problem=problem)
        for number, problem in (
            *_lint_beginning(lines, exercise),
            *_lint_sections(lines, exercise),
            *_lint_words(lines, exercise),
            *_lint_length(lines),
            *lint_links(lines, exercise),
            *lint_paths(lines, root),
            *lint_commands(lines, explain_command),
        )
    ]


def sections_for(mode: Mode) -> tuple[str, ...]:
    """Return the headings that a lesson has, in their order."""
    # Who writes about their own runs has looked at them already.
    return tuple(part for part in _SECTIONS if mode != "written" or part != "Afterwards, look")


_Told = Iterator[tuple[int, str]]


def _lint_beginning(lines: Sequence[Line], exercise: Exercise) -> _Told:
    prose = [line for line in lines if not line.is_code]
    title = next((line for line in prose if line.text.startswith("# ")), None)
    if title is None or title.text[2:].strip() != exercise.manifest.title:
        yield 1, f"The title is to be that of the manifest: '# {exercise.manifest.title}'."
    headings = [line for line in prose if line.text.startswith("## ")]
    first = headings[0].number if headings else len(lines) + 1
    if not any(line.text.strip() for line in lines[1 : first - 1]):
        yield 1, "It begins with an idea; begin with the problem, before the first '##'."


def _lint_sections(lines: Sequence[Line], exercise: Exercise) -> _Told:
    headings = [line for line in lines if not line.is_code and line.text.startswith("## ")]
    wanted = sections_for(exercise.manifest.mode)
    found = {part: _find_heading(part, headings) for part in wanted}
    for part, line in found.items():
        if line is None:
            yield 0, f"There is no section '## {part}'."
        elif not _has_text(line, lines):
            yield line.number, f"The section '## {part}' is empty."
    present = [(part, line.number) for part, line in found.items() if line]
    for (before, upper), (after, lower) in pairwise(present):
        if lower < upper:
            yield lower, f"The section '## {after}' is to come after '## {before}'."


def _lint_words(lines: Sequence[Line], exercise: Exercise) -> _Told:
    if not any(f"loop learn check {exercise.manifest.slug}" in line.text for line in lines):
        yield 0, f"It does not say 'loop learn check {exercise.manifest.slug}'."
    for line in lines:
        if INSTRUCTION in line.text:
            yield line.number, "This is still the template's instruction; write what it asks for."


def _find_heading(part: str, headings: Iterable[Line]) -> Line | None:
    plain = part.lower().replace(",", "")
    return next(
        (line for line in headings if line.text[3:].lower().replace(",", "").startswith(plain)),
        None,
    )


def _has_text(heading: Line, lines: Sequence[Line]) -> bool:
    for line in lines[heading.number :]:
        if line.text.startswith("## ") and not line.is_code:
            return False
        if line.text.strip():
            return True
    return False


def _lint_length(lines: Sequence[Line]) -> _Told:
    minutes, (least, most) = _minutes(lines), MINUTES
    if not least <= minutes <= most:
        much = "long" if minutes > most else "short"
        told = f"It takes about {minutes:.1f} minutes to read, which is too {much}"
        yield 0, f"{told}: {least:.0f} to {most:.0f} are right."


def _minutes(lines: Sequence[Line]) -> float:
    weights = (2 if line.is_code or line.text.startswith("|") else 1 for line in lines)
    words = sum(
        weight * len(re.findall(r"\w+(?:['.-]\w+)*", line.text))
        for weight, line in zip(weights, lines, strict=True)
    )
    pictures = sum(line.text.count("![") for line in lines)
    return words / WORDS_PER_MINUTE + pictures * PICTURE_MINUTES
