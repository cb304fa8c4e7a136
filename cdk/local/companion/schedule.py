"""The companion's clock: a thread in the emulator's process that does small things in turn."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOG = logging.getLogger("cdk.local.companion")
_TICK_S: Final = 0.5


@dataclass(slots=True)
class Task:
    """Something to do again and again.

    Attributes
    ----------
    every_s : float
        Seconds from one beginning to the next.
    """

    name: str
    every_s: float
    run: Callable[[], None]
    due_at: float = 0.0


class Companion:
    """Runs tasks until it is stopped; a task that fails is logged and tried again."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="companion", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the task that is running."""
        self._stopping.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            for task in self._tasks:
                if time.monotonic() >= task.due_at:
                    task.due_at = time.monotonic() + task.every_s
                    self._run_one(task)

    def _run_one(self, task: Task) -> None:
        try:
            task.run()
        except Exception:  # noqa: BLE001 - one alarm that fails must not end all the others
            _LOG.exception("%s failed, and will be tried again", task.name)
