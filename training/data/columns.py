"""What a column of a raw file is good for: identifier, feature of some kind, or nothing yet."""

from shlex import quote

from pydantic import ValidationError

from core.contract import Column
from core.counted import counted
from training.data.evidence import Evidence, Guess
from training.data.facts import ColumnFacts, Survey
from training.data.identity import cut_words, is_named_like_identifier, is_whole

MAX_LEVELS = 50
"""A category with at most so many levels has them listed in its contract."""
MAX_FREE_LEVELS = 20_000
"""A text column with more different values is no category."""
MAX_CODES = 12
"""Whole numbers with at most so many different values may be codes or counts."""

MIN_WORDS = 3
"""A column with as many words in a cell on average is free text, if its texts hardly repeat."""


_EXACT_INTEGER = 2**24
_MOST = 0.95
_MIN_ROWS_FOR_A_MINIMUM = 100
_MIN_ROWS_FOR_A_COUNTER = 20
_CODE_WORDS = frozenset((
    "code", "type", "class", "category", "group", "zone", "region", "status",
    "method", "channel", "kind", "segment", "zip",
))  # fmt: skip
_POSTAL_WORDS = frozenset(("zip", "zipcode", "postal", "postcode", "plz"))
_SENSITIVE_WORDS = frozenset((
    "age", "gender", "sex", "race", "ethnicity", "ethnic", "religion", "nationality",
    "marital", "disability", "senior", "pregnant", "citizen", "citizenship",
))  # fmt: skip


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
    return _guess_text(facts)


def _guess_text(facts: ColumnFacts) -> Guess:
    if _are_codes(facts) or (facts.numbers < facts.known / 2 and _repeats(facts)):
        return _take(facts, "categorical", f"{facts.distinct} different texts: any is allowed", {})
    if not facts.numbers and facts.words >= MIN_WORDS * facts.known:
        words = facts.words / facts.known
        reason = f"free text: {facts.distinct} different texts of {words:.0f} words on average"
        return _take(facts, "text", reason, {})
    return _ignore(facts, _describe_text(facts))


def guess_as(survey: Survey, facts: ColumnFacts, place: int, kind: str) -> Guess:
    """Take a column as the kind of feature that a person says it is, or leave it out."""
    if kind == "ignored":
        return _ignore(facts, "left out, as you said")
    limits: dict[str, object] = {}
    if kind == "categorical" and 0 < facts.distinct <= MAX_LEVELS:
        limits["categories"] = tuple(survey.count_levels(place))
    read = {"numeric": facts.numbers, "boolean": facts.booleans}.get(kind, facts.known)
    return _take(facts, kind, "as you said" + _describe_wrong(facts.known - read), limits)


def _describe_wrong(rows: int) -> str:
    if not rows:
        return ""
    told = counted(rows, "row with something else goes", "rows with something else go")
    return f"; {told} to the quarantine"


def _repeats(facts: ColumnFacts) -> bool:
    """Whether texts come often enough to be levels of something, not one of each."""
    return facts.distinct <= MAX_FREE_LEVELS and facts.distinct <= facts.known / 2


def _find_reason_to_ignore(facts: ColumnFacts) -> str | None:
    if not facts.known:
        return "every cell is missing"
    if facts.distinct == 1:
        return "one value only: nothing to learn from" + describe_missing(facts)
    if facts.dates >= _MOST * facts.known:
        return (
            f"dates and times are not features; --time {quote(facts.name)} would hold out the"
            " latest rows"
        )
    if _is_counter(facts):
        return "counts the rows one by one: says where a row stands, not what it is"
    if is_named_like_identifier(facts.name) and facts.is_unique and is_whole(facts):
        return "another identifier: a different whole number in every row"
    return None


def _as_number(facts: ColumnFacts) -> Guess:
    limits: dict[str, object] = {}
    if facts.minimum is not None and facts.minimum >= 0 and facts.known >= _MIN_ROWS_FOR_A_MINIMUM:
        limits["minimum"] = 0.0
    reason = f"numbers from {facts.minimum:g} to {facts.maximum:g}"
    reason += ", never below zero" if limits else ""
    if is_whole(facts) and facts.distinct <= MAX_CODES:
        reason = (
            f"whole numbers with {facts.distinct} different values: taken as amounts, because the "
            "name is not that of a code"
        )
    if is_whole(facts) and max(abs(facts.minimum or 0), abs(facts.maximum or 0)) > _EXACT_INTEGER:
        reason += "; the model reads about 7 digits"
    reason += _describe_wrong(facts.known - facts.numbers)
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
        reason = counted(facts.distinct, "different text")
    return _take(facts, "categorical", reason, {"categories": levels})


def _take(facts: ColumnFacts, kind: str, reason: str, limits: dict[str, object]) -> Guess:
    sensitive = bool(cut_words(facts.name) & _SENSITIVE_WORDS)
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
        return "numbers mixed with " + counted(other, "cell that is none", "cells that are none")
    return f"{facts.distinct} different texts in {facts.known} rows: too many to learn from each"


def _has_both(survey: Survey, place: int) -> bool:
    """Whether both truths occur: a column of only "no" and "N" has one value in two spellings."""
    levels = {level.casefold() for level in survey.count_levels(place)}
    return 0 < len(levels & {"true", "t", "yes", "y", "1"}) < len(levels)


def _are_codes(facts: ColumnFacts) -> bool:
    if not is_whole(facts) or facts.numbers < facts.known:
        return False
    # An amount is not written with zeros before it; a postal code is.
    if facts.padded or cut_words(facts.name) & _POSTAL_WORDS:
        return facts.distinct <= MAX_FREE_LEVELS
    return facts.distinct <= MAX_CODES and bool(cut_words(facts.name) & _CODE_WORDS)


def _is_counter(facts: ColumnFacts) -> bool:
    if not (is_whole(facts) and facts.is_unique and facts.rows >= _MIN_ROWS_FOR_A_COUNTER):
        return False
    return (facts.maximum or 0.0) - (facts.minimum or 0.0) == facts.rows - 1
