"""What was made of a column, and why."""

from dataclasses import dataclass
from typing import Literal

from core.contract import Column

Role = Literal["target", "identifier", "group", "time", "feature", "ignored"]


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
