"""Hands rows to the learner's `clean`, one by one, as the system does."""

from types import ModuleType


def drive(learner: ModuleType, rows: list[dict[str, str]]) -> list[object]:
    """Return what becomes of each row."""
    return [learner.clean(dict(row)) for row in rows]
