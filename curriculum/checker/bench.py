"""What an exercise's ``check.py`` is written with.

It has two functions, both run in the checker's own process::

    def prepare(bench: Bench) -> list[Case]
    def judge(case: Case, answer: object) -> Failure | None

Between them the learner's function is called once for every case, in a child process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import LoopError
from core.store import ObjectStore
from curriculum.checker.results import Failure


class NotReadyError(LoopError):
    """The deployed system lacks what the check needs; `next_step` is the command that mends it."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a check may use.

    Attributes
    ----------
    seed
        Another one every time: checks judge properties, not remembered values.
    store
        The deployed system's data bucket, to be read only.
    """

    seed: int
    store: ObjectStore


@dataclass(frozen=True, slots=True)
class Case:
    """One call of the learner's function.

    Attributes
    ----------
    name
        What the data of this case are, for people.
    arguments
        What the function is called with; JSON.
    expected
        What `judge` needs to know of the right answer; never sent to the child process.
    """

    name: str
    arguments: Sequence[Any]
    expected: Any


class CheckModule(Protocol):
    """An exercise's ``check.py``."""

    def prepare(self, bench: Bench) -> list[Case]:
        """Make the cases; `NotReadyError` when the system lacks something."""

    def judge(self, case: Case, answer: object) -> Failure | None:
        """Return the first thing that is wrong with an answer, or None."""
