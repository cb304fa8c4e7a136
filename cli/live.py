"""The deployed system as exercises see it: its bucket, its API, and the public command line."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from curriculum.checker.live import Live


def live_of(session: Session) -> "Callable[[], Live]":
    """Return what opens the system that was deployed last; a `LoopError` when there is none."""

    def open_live() -> "Live":
        from curriculum.checker.live import Live  # noqa: PLC0415 - only learners need it

        system = session.system()
        return Live(
            store=system.store,
            api=system.api,
            default_model=system.registry.default_model() or "",
            program=(str(Path(sys.executable).with_name("loop")),),
        )

    return open_live
