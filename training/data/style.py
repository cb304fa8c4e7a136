"""How the numbers of a file are written: decimal marks, marks between thousands, units.

Only columns that look like numbers and are none as a program writes them say anything about it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.contract import MISSING_MARKERS, FileFormat
from training.data.cells import Manner, known_number, known_text, quote_text
from training.data.facts import ColumnFacts, Survey
from training.data.stated import Stated
from training.data.table import RawTable

UNITS: Final = ("$", "€", "£", "¥", "%")

_MOST = 0.95
_LIKE_NUMBERS = "[+-]?[$€£¥]? ?[+-]?[0-9][0-9., '\u00a0\u202f]*([eE][+-]?[0-9]+)? ?[$€£¥%]?"
_WITH_POINT = ((".", None), (".", ","), (".", " "), (".", "'"))
_WITH_COMMA = ((",", None), (",", "."), (",", " "), (",", "'"))
_WORDS = {",": "a comma", ".": "a point", " ": "a blank", "'": "an apostrophe"}


def survey_file(
    raw: RawTable, written: FileFormat, stated: Stated, *, delimiter: str
) -> tuple[Survey, list[ColumnFacts], tuple[str, ...]]:
    """Measure all columns, in the manner in which the file writes its numbers.

    Returns
    -------
    survey : Survey
    facts : list of ColumnFacts
        One for each column.
    notes : tuple of str
        A sentence for everything that was guessed.
    """
    missing = tuple(dict.fromkeys((*MISSING_MARKERS, *stated.missing)))
    survey = Survey(raw, Manner(written, missing))
    facts = survey.measure()
    if stated.decimal or stated.thousands or stated.units is not None:
        return survey, facts, ()
    found = _find_style(survey, facts, delimiter)
    if found == written:
        return survey, facts, ()
    survey = Survey(raw, Manner(found, missing))
    return survey, survey.measure(), _describe(found)


def _find_style(survey: Survey, facts: Sequence[ColumnFacts], delimiter: str) -> FileFormat:
    """Return the style that reads the most columns as numbers; of two, the more usual one."""
    written = survey.manner.file
    asked = [place for place, column in enumerate(facts) if _looks_numeric(survey, column, place)]
    if not asked:
        return written
    # Where commas divide the fields they hardly ever stand before a fraction too.
    styles = _WITH_POINT + _WITH_COMMA if delimiter != ";" else _WITH_COMMA + _WITH_POINT
    formats = [
        written.model_copy(update={"decimal": decimal, "thousands": thousands, "units": UNITS})
        for decimal, thousands in styles
    ]
    read = [[place for place in asked if _reads(survey, place, each)] for each in formats]
    best = max(range(len(formats)), key=lambda i: len(read[i]))
    if not read[best]:
        return written
    units = tuple(unit for unit in UNITS if any(_holds(survey, p, unit) for p in read[best]))
    return formats[best].model_copy(update={"units": units})


def _looks_numeric(survey: Survey, facts: ColumnFacts, place: int) -> bool:
    if not facts.known or max(facts.numbers, facts.dates) >= _MOST * facts.known:
        return False
    like = f"regexp_full_match({{cell}}, {quote_text(_LIKE_NUMBERS)})"
    return _share(survey, place, like, survey.manner) >= _MOST


def _reads(survey: Survey, place: int, written: FileFormat) -> bool:
    manner = replace(survey.manner, file=written)
    return _share(survey, place, f"{known_number('{cell}', manner)} IS NOT NULL", manner) >= _MOST


def _holds(survey: Survey, place: int, unit: str) -> bool:
    return _share(survey, place, f"contains({{cell}}, {quote_text(unit)})", survey.manner) > 0


def _share(survey: Survey, place: int, question: str, manner: Manner) -> float:
    """Return the share of a column's known cells of which something is true."""
    text = known_text("cell", manner)
    return survey.share(place, question.replace("{cell}", "cell"), f"{text} IS NOT NULL")


def _describe(written: FileFormat) -> tuple[str, ...]:
    notes = []
    if written.decimal == ",":
        notes.append("a comma before the fraction of numbers; --decimal point says otherwise")
    if written.thousands:
        notes.append(f"{_WORDS[written.thousands]} between thousands")
    if written.units:
        notes.append(f"numbers with {' '.join(written.units)}, which are read without it")
    return tuple(notes)
