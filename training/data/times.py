"""How long each step of a run took: a small file a step, beside what the step wrote.

They are apart from everything else that a run writes, because they alone differ from one run to
the next with the same data, spec and seed.
"""

import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar, cast

from pydantic import AwareDatetime

from core import keys
from core.errors import LoopError
from core.store import ObjectStore
from training.data import runs

P = ParamSpec("P")
R = TypeVar("R")

_KIBIBYTES_PER_MIB = 1024
_PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


class StepTime(runs.RunFile):
    """When a step ran, and for how long: ``times/{step}.json``.

    Attributes
    ----------
    step : str
        Its name; of a candidate's step ``candidate-`` and the candidate's.
    outcome : {'done', 'failed'}
        Whether it came to its end.
    peak_memory_mib : float
        The most memory that its process has had so far; a warm function's process is older than
        the step.
    """

    step: str
    started_at: AwareDatetime
    seconds: float
    outcome: Literal["done", "failed"]
    peak_memory_mib: float


def timed(step: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a step write down how long it takes, also when it fails, wherever it runs.

    A step takes the store first, and ``run_id`` (and ``candidate``, where it is one of several) by
    their names.
    """

    def wrap(take: Callable[P, R]) -> Callable[P, R]:
        @wraps(take)
        def take_time(*args: P.args, **kwargs: P.kwargs) -> R:
            store, run_id = cast("ObjectStore", args[0]), str(kwargs["run_id"])
            name = f"{step}-{kwargs['candidate']}" if "candidate" in kwargs else step
            with _noted(store, run_id, name):
                return take(*args, **kwargs)

        return take_time

    return wrap


@contextmanager
def _noted(store: ObjectStore, run_id: str, step: str) -> Iterator[None]:
    started_at, began = datetime.now(UTC), time.perf_counter()

    def note(outcome: Literal["done", "failed"]) -> None:
        found = StepTime(
            step=step,
            started_at=started_at,
            seconds=round(time.perf_counter() - began, 3),
            outcome=outcome,
            peak_memory_mib=round(_measure_peak_mib(), 1),
        )
        runs.write(store, keys.run_time(run_id, step), found)

    try:
        yield
    except BaseException:
        # What failed is told; that a bucket is down as well must not hide it.
        with suppress(LoopError):
            note("failed")
        raise
    note("done")


def _measure_peak_mib() -> float:
    """Return the most memory that this process has had."""
    try:
        # What getrusage tells on Linux begins with the memory of the process that started this one.
        if found := _PEAK.search(Path("/proc/self/status").read_text()):
            return int(found[1]) / _KIBIBYTES_PER_MIB
    except OSError:  # no Linux
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIBIBYTES_PER_MIB**2
