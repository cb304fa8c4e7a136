"""Which column names a row, and which holds rows together."""

import re

from core.counted import counted
from training.data.evidence import Evidence
from training.data.facts import ColumnFacts

_MOST = 0.95
_MAX_IDENTIFIER_CHARACTERS = 64
_ID_WORDS = frozenset((
    "id", "key", "uuid", "guid", "identifier", "number", "no", "nr", "index",
))  # fmt: skip


def find_identifier(facts: list[ColumnFacts], *, target: str) -> str | None:
    """Return the column that most likely names a row, or None.

    A column named like an identifier comes before one that merely has a different short text in
    every row, and a few duplicates do not speak against it: they are faults to quarantine.
    """
    candidates = [column for column in facts if column.name != target and column.rows > 1]
    for column in candidates:
        if is_named_like_identifier(column.name) and _is_almost_unique(column):
            return column.name
    return next((column.name for column in candidates if _is_unique_token(column)), None)


def describe_identifier(facts: ColumnFacts, *, given: bool) -> Evidence:
    """Say why this column names the rows, and how many rows it cannot name."""
    why = "as you said" if given else "a different value in every row, or nearly"
    twice = facts.known - facts.distinct
    faults = [counted(twice, "duplicate")] * bool(twice) + [f"{facts.missing} missing"] * bool(
        facts.missing
    )
    note = f"; to the quarantine: {' and '.join(faults)}" if faults else ""
    return Evidence(facts.name, "identifier", "text", f"names the row: {why}{note}")


def describe_group(facts: ColumnFacts) -> Evidence:
    """Say how many groups this column makes, and how many rows belong to none."""
    reason = f"holds rows together, as you said: {counted(facts.distinct, 'group')}"
    if facts.missing:
        told = counted(facts.missing, "row without one goes", "rows without one go")
        reason += f"; {told} to the quarantine"
    return Evidence(facts.name, "group", "text", reason)


def _is_unique_token(facts: ColumnFacts) -> bool:
    """Whether every row holds a different short text without blanks, neither number nor date."""
    plain = not facts.spaced and not facts.dates and facts.numbers < facts.known / 2
    return facts.is_unique and plain and facts.longest <= _MAX_IDENTIFIER_CHARACTERS


def _is_almost_unique(facts: ColumnFacts) -> bool:
    if facts.longest > _MAX_IDENTIFIER_CHARACTERS or facts.dates or facts.distinct < 2:
        return False
    if facts.numbers and not is_whole(facts):
        return False
    return facts.distinct >= _MOST * facts.rows


def is_whole(facts: ColumnFacts) -> bool:
    """Whether all known cells are whole numbers."""
    return facts.known > 0 and facts.whole == facts.known


def is_named_like_identifier(name: str) -> bool:
    """Whether a column is called something like an identifier."""
    # A name in one case ("customerid") cannot be cut into words.
    return bool(cut_words(name) & _ID_WORDS) or name.casefold().endswith(("id", "uuid", "_no"))


def cut_words(name: str) -> frozenset[str]:
    """Cut ``customerID``, ``customer_id`` or ``Customer Id`` into lower-case words."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return frozenset(part.lower() for part in parts)
