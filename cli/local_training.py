"""Training in this process: the workflow's steps, one after the other, on the same bucket.

For data that are too large for functions where there are no training jobs, and for looking closer.
"""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from cli.parts import find_variables, using
from cli.session import Session
from cli.system import System
from cli.workflow import Outcome, describe_step, read_outcome
from core.arithmetic import pinned_variables


def train_here(
    session: Session, system: System, raw_key: str, options: Mapping[str, str | int | None]
) -> Outcome:
    """Train on a landed file, and tell each step as it begins.

    Of the options (``budget``, ``prefer``, ``precision``, ``seed``) those that are None are left to
    the run. It writes the same files as the workflow, passes the same gate, and is registered and
    promoted alike; interrupted, it is recorded as failed.
    """
    if "numpy" not in sys.modules:  # it reads them once, when it is imported
        os.environ.update(pinned_variables())
    from training.run import run_training  # noqa: PLC0415 - slow to load, few commands need it

    run_id = f"local-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    session.output.progress(f"training on this computer, run {run_id}")
    session.output.if_interrupted = f"How the run ended: loop runs {run_id}"

    def tell(step: str, candidate: str) -> None:
        session.output.progress(": ".join(filter(None, (describe_step(step), candidate))))

    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    own = find_variables(session.home, f"{system.target}/{system.stage}")
    if own:
        session.output.progress("your own parts work here as they do in the deployed system")
    with using(own):
        run_training(system.store, raw_key=raw_key, run_id=run_id, report=tell, **given)
    return read_outcome(system.store, run_id)
