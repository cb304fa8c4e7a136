"""What a column of a raw file is good for: identifier, feature of some kind, or nothing yet."""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from core.contract import Column
from training.data.facts import ColumnFacts, Survey

MAX_LEVELS = 50
"""A category with at most so many levels has them listed in its contract."""
MAX_FREE_LEVELS = 20_000
"""A text column with more different values is no category."""
MAX_CODES = 12
"""Whole numbers with at most so many different values may be codes or counts."""

Role = Literal["target", "identifier", "group", "time", "feature", "ignored"]

_MOST = 0.95
_MIN_ROWS_FOR_A_MINIMUM = 100
_MIN_ROWS_FOR_A_COUNTER = 20
_MAX_IDENTIFIER_CHARACTERS = 64
_ID_WORDS = frozenset((
    "id", "key", "uuid", "guid", "identifier", "number", "no", "nr", "index",
))  # fmt: skip
_CODE_WORDS = frozenset((
    "code", "type", "class", "category", "group", "zone", "region", "area", "status",
    "method", "channel", "kind", "segment", "zip",
))  # fmt: skip
_SENSITIVE_WORDS = frozenset((
    "age", "gender", "sex", "race", "ethnicity", "ethnic", "religion", "nationality",
    "marital", "disability", "senior", "pregnant", "citizen", "citizenship",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was made of one column, and why: counts and class names, never other cells."""

    column: str
    role: Role
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Guess:
    """A feature with its evidence; `column` is None when the column is left out."""

    column: Column | None
    evidence: Evidence


def find_identifier(facts: list[ColumnFacts], *, target: str) -> str | None:
    """Return the column that most likely names a row, or None.

    A column named like an identifier comes before one that merely has a different short text in
    every row, and a few duplicates do not speak against it: they are faults to quarantine.
    """
    candidates = [column for column in facts if column.name != target and column.rows > 1]
    for column in candidates:
        if _is_named_like_identifier(column.name) and _is_almost_unique(column):
            return column.name
    return next((column.name for column in candidates if _is_unique_token(column)), None)


def describe_identifier(facts: ColumnFacts, *, given: bool) -> Evidence:
    """Say why this column names the rows, and how many rows it cannot name."""
    why = "as you said" if given else "a different value in every row, or nearly"
    twice = facts.known - facts.distinct
    faults = [f"{twice} duplicates"] * bool(twice) + [f"{facts.missing} missing"] * bool(
        facts.missing
    )
    note = f"; {' and '.join(faults)} go to the quarantine" if faults else ""
    return Evidence(facts.name, "identifier", "text", f"names the row: {why}{note}")


def describe_group(facts: ColumnFacts) -> Evidence:
    """Say how many groups this column makes, and how many rows belong to none."""
    note = f"; {facts.missing} rows without one go to the quarantine" if facts.missing else ""
    reason = f"holds rows together, as you said: {facts.distinct} groups{note}"
    return Evidence(facts.name, "group", "text", reason)


def describe_missing(facts: ColumnFacts) -> str:
    """Return how many cells are missing, as the end of a sentence."""
    return f"; {facts.missing} missing" if facts.missing else ""


def guess_feature(survey: Survey, facts: ColumnFacts, place: int) -> Guess:
    """Guess what kind of feature the column at `place` is, or why it is none."""
    if reason := _find_reason_to_ignore(facts):
        return _ignore(facts, reason)
    if facts.booleans == facts.known and facts.distinct <= 4 and _has_both(survey, place):
        return _take(facts, "boolean", "only words for true and false", {})
    if facts.numbers >= _MOST * facts.known and not _are_codes(facts):
        return _as_number(facts)
    if facts.distinct <= MAX_LEVELS:
        return _as_category(survey, facts, place)
    if _are_codes(facts) or (
        not facts.numbers and facts.spaced <= facts.known / 2 and _repeats(facts)
    ):
        return _take(facts, "categorical", f"{facts.distinct} different texts: any is allowed", {})
    return _ignore(facts, _describe_text(facts))


def guess_as(survey: Survey, facts: ColumnFacts, place: int, kind: str) -> Guess:
    """Take a column as the kind of feature that a person says it is, or leave it out."""
    if kind == "ignored":
        return _ignore(facts, "left out, as you said")
    limits: dict[str, object] = {}
    if kind == "categorical" and 0 < facts.distinct <= MAX_LEVELS:
        limits["categories"] = tuple(survey.count_levels(place))
    return _take(facts, kind, "as you said", limits)


def _repeats(facts: ColumnFacts) -> bool:
    """Whether texts come often enough to be levels of something, not one of each."""
    return facts.distinct <= MAX_FREE_LEVELS and facts.distinct <= facts.known / 2


def _find_reason_to_ignore(facts: ColumnFacts) -> str | None:
    if not facts.known:
        return "every cell is missing"
    if facts.distinct == 1:
        return "one value only: nothing to learn from" + describe_missing(facts)
    if facts.dates >= _MOST * facts.known:
        return "dates and times are not features in this release"
    if _is_counter(facts):
        return "counts the rows one by one: says where a row stands, not what it is"
    if _is_named_like_identifier(facts.name) and facts.is_unique and _is_whole(facts):
        return "another identifier: a different whole number in every row"
    return None


def _as_number(facts: ColumnFacts) -> Guess:
    limits: dict[str, object] = {}
    if facts.minimum is not None and facts.minimum >= 0 and facts.known >= _MIN_ROWS_FOR_A_MINIMUM:
        limits["minimum"] = 0.0
    reason = f"numbers from {facts.minimum:g} to {facts.maximum:g}"
    reason += ", never below zero" if limits else ""
    if _is_whole(facts) and facts.distinct <= MAX_CODES:
        reason = (
            f"whole numbers with {facts.distinct} different values: taken as amounts, because the "
            "name is not that of a code"
        )
    wrong = facts.known - facts.numbers
    if wrong:
        reason += f"; {wrong} rows with something else go to the quarantine"
    return _take(facts, "numeric", reason, limits)


def _as_category(survey: Survey, facts: ColumnFacts, place: int) -> Guess:
    levels = tuple(survey.count_levels(place))
    if facts.padded:
        reason = f"{facts.distinct} different codes: whole numbers with zeros before them"
    elif facts.known == facts.numbers:
        reason = (
            f"whole numbers with {facts.distinct} different values: taken as codes, because of "
            "the column's name"
        )
    else:
        reason = f"{facts.distinct} different texts"
    return _take(facts, "categorical", reason, {"categories": levels})


def _take(facts: ColumnFacts, kind: str, reason: str, limits: dict[str, object]) -> Guess:
    sensitive = bool(_words(facts.name) & _SENSITIVE_WORDS)
    try:
        column = Column.model_validate(
            {
                "name": facts.name,
                "kind": kind,
                "nullable": facts.missing > 0,
                "sensitive": sensitive,
                **limits,
            }
        )
    except ValidationError:
        return _ignore(facts, "holds texts that are too long or not printable")
    note = "; sensitive by its name" if sensitive else ""
    reason += describe_missing(facts) + note
    return Guess(column, Evidence(facts.name, "feature", kind, reason))


def _ignore(facts: ColumnFacts, reason: str) -> Guess:
    return Guess(None, Evidence(facts.name, "ignored", "text", reason))


def _describe_text(facts: ColumnFacts) -> str:
    if facts.numbers:
        other = facts.known - facts.numbers
        return f"numbers mixed with {other} cells that are none"
    if facts.spaced > facts.known / 2:
        return "free text, which is not a feature in this release"
    return f"{facts.distinct} different texts in {facts.known} rows: too many to learn from each"


def _has_both(survey: Survey, place: int) -> bool:
    """Whether both truths occur: a column of only "no" and "N" has one value in two spellings."""
    levels = {level.casefold() for level in survey.count_levels(place)}
    return 0 < len(levels & {"true", "t", "yes", "y", "1"}) < len(levels)


def _are_codes(facts: ColumnFacts) -> bool:
    if not _is_whole(facts) or facts.numbers < facts.known:
        return False
    # An amount is not written with zeros before it; a postal code is.
    if facts.padded:
        return facts.distinct <= MAX_FREE_LEVELS
    return facts.distinct <= MAX_CODES and bool(_words(facts.name) & _CODE_WORDS)


def _is_whole(facts: ColumnFacts) -> bool:
    return facts.known > 0 and facts.whole == facts.known


def _is_counter(facts: ColumnFacts) -> bool:
    if not (_is_whole(facts) and facts.is_unique and facts.rows >= _MIN_ROWS_FOR_A_COUNTER):
        return False
    return (facts.maximum or 0.0) - (facts.minimum or 0.0) == facts.rows - 1


def _is_unique_token(facts: ColumnFacts) -> bool:
    """Whether every row holds a different short text without blanks, neither number nor date."""
    plain = not facts.spaced and not facts.dates and facts.numbers < facts.known / 2
    return facts.is_unique and plain and facts.longest <= _MAX_IDENTIFIER_CHARACTERS


def _is_almost_unique(facts: ColumnFacts) -> bool:
    if facts.longest > _MAX_IDENTIFIER_CHARACTERS or facts.dates or facts.distinct < 2:
        return False
    if facts.numbers and not _is_whole(facts):
        return False
    return facts.distinct >= _MOST * facts.rows


def _is_named_like_identifier(name: str) -> bool:
    # A name in one case ("customerid") cannot be cut into words.
    return bool(_words(name) & _ID_WORDS) or name.casefold().endswith(("id", "uuid", "_no"))


def _words(name: str) -> frozenset[str]:
    """Cut ``customerID``, ``customer_id`` or ``Customer Id`` into lower-case words."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return frozenset(part.lower() for part in parts)
