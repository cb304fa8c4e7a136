"""In which way a column of times is written."""

from dataclasses import dataclass
from typing import get_args

from core.contract import TimeFormat
from core.counted import counted
from core.errors import InvalidInputError
from training.data.evidence import Evidence
from training.data.facts import ColumnFacts, Survey
from training.data.rules import Cell, describe_time, read_cells

_ENOUGH = 0.95
_WORDS: dict[TimeFormat, str] = {
    "iso": "year, month, day",
    "day_first": "day, month, year",
    "month_first": "month, day, year",
    "number": "numbers that grow with time",
}


@dataclass(frozen=True, slots=True)
class TimeGuess:
    """How the times are written, with the evidence."""

    time_format: TimeFormat
    evidence: Evidence


def guess_time(survey: Survey, facts: ColumnFacts) -> TimeGuess:
    """Find the way of writing that reads the most cells of a column as times.

    Days come before months where both read every cell, because most of the world writes so.

    Raises
    ------
    InvalidInputError
        If no way of writing reads nearly all cells.
    """
    cell = f"c{survey.columns.index(facts.name)}"
    formats: tuple[TimeFormat, ...] = get_args(TimeFormat)
    found = [_count(survey, describe_time(facts.name, cell, way, survey.manner)) for way in formats]
    read = dict(zip(formats, found, strict=True))
    best = max(formats, key=read.__getitem__)
    if not facts.known or read[best] < _ENOUGH * facts.known:
        raise InvalidInputError(
            f"Column {facts.name!r} cannot say when a row was observed: at most {read[best]} of "
            f"its {facts.known} cells can be read as times.",
            next_step="Write times like 2024-01-31 or 2024-01-31 10:30, or leave --time out.",
        )
    wrong = facts.rows - read[best]
    told = counted(wrong, "row without one goes", "rows without one go")
    note = f"; {told} to the quarantine" if wrong else ""
    twofold = best == "day_first" and read["month_first"] == read[best]
    doubt = " (month, day, year would be possible too)" if twofold else ""
    reason = f"says when a row was observed, as you said: {_WORDS[best]}{doubt}{note}"
    return TimeGuess(best, Evidence(facts.name, "time", best, reason))


def _count(survey: Survey, cell: Cell) -> int:
    query = f"SELECT count({cell.value}) FROM {read_cells([cell], 'texts')}"  # noqa: S608
    return int(survey.raw.connection.execute(query).fetchall()[0][0])
