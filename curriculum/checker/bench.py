"""What an exercise's ``check.py`` is written with.

It runs in the checker's own process, and has one of three pairs of hands:

- `prepare` and `judge`: the learner's function (or the exercise's ``driver.py``) is called once for
  every case, in a child process; `measure` is optional, and what it returns is kept as evidence;
- `inspect`: the learner's file is text (``.md``, ``.toml``), and is read;
- `probe`: there is no file, or the file has passed its cases and now the deployed system is asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from core.errors import LoopError
from core.store import ObjectStore
from curriculum.checker.live import Live
from curriculum.checker.results import Failure

OpenStore = Callable[[], ObjectStore]
OpenLive = Callable[[], Live]
Say = Callable[[str], None]


def say_nothing(_: str) -> None:
    """Take what a check says where nobody listens."""


class NotReadyError(LoopError):
    """The environment lacks what the check needs; `next_step` is the command that mends it."""


@dataclass
class Bench:
    """What a check may use.

    Attributes
    ----------
    seed
        Another one every time: checks judge properties, not remembered values.
    open_store, open_live
        Open the deployed system's bucket and its public face; see `store` and `live`.
    workspace
        The learner's git repository; None where a single file is checked.
    metrics
        Numbers worth keeping as evidence; `probe` and `inspect` may add some.
    say
        Tells the learner what happens now and how long it takes, where that is minutes.
    """

    seed: int
    open_store: OpenStore | None = None
    open_live: OpenLive | None = None
    workspace: Path | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    say: Say = say_nothing

    @cached_property
    def store(self) -> ObjectStore:
        """The deployed system's data bucket, to be read only; `LoopError` when there is none."""
        if self.open_store is None:
            raise _not_deployed()
        return self.open_store()

    @cached_property
    def live(self) -> Live:
        """The deployed system as its users see it; `LoopError` when nothing is deployed."""
        if self.open_live is None:
            raise _not_deployed()
        return self.open_live()


@dataclass(frozen=True, slots=True)
class Case:
    """One call of the learner's function.

    Attributes
    ----------
    name
        What the data of this case are, for people.
    arguments
        What the function is called with: JSON, NumPy arrays, pandas DataFrames.
    expected
        What `judge` needs to know of the right answer; never sent to the child process.
    """

    name: str
    arguments: Sequence[Any]
    expected: Any = None


class CheckModule(Protocol):
    """An exercise's ``check.py``; the manifest decides which of these it must have."""

    def prepare(self, bench: Bench) -> list[Case]:
        """Make the cases, from the seed alone; `NotReadyError` when the system lacks something."""

    def judge(self, case: Case, answer: object) -> Failure | None:
        """Return the first thing that is wrong with an answer, or None."""

    def measure(self, cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
        """Return numbers worth keeping; optional, called after all cases passed."""

    def inspect(self, bench: Bench, text: str) -> Failure | None:
        """Return the first thing that is wrong with a text, or None."""

    def probe(self, bench: Bench) -> Failure | None:
        """Return the first thing that is wrong with what the learner did, or None."""


def plain(value: object) -> Any:  # noqa: ANN401 - lists, dicts and scalars, as deep as they go
    """Return arrays, Series and frames as lists, so that answers compare like JSON.

    >>> import numpy as np
    >>> plain({"lost": np.array([3, 5])})
    {'lost': [3, 5]}
    """
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict(orient="records")
    to_list: Callable[[], object] | None = getattr(value, "tolist", None)
    return to_list() if to_list is not None else value


def _not_deployed() -> NotReadyError:
    return NotReadyError("This check needs the deployed system.", next_step="loop up")


__all__ = ["Bench", "Case", "CheckModule", "Failure", "Live", "NotReadyError", "plain"]
