"""Do what the solution of an exercise without a file does: ``python -m tests.e2e.act ACT_PY``."""

import os
import runpy
import sys
from pathlib import Path

from cli.live import live_of
from cli.session import Session
from curriculum.checker.bench import Bench


def main(path: str) -> None:
    """Act in the learner's repository, and on the system that was deployed last."""
    open_live = live_of(Session())
    act = runpy.run_path(path)["act"]
    workspace = os.environ.get("LOOP_WORKSPACE")
    act(
        Bench(
            seed=0,
            open_store=lambda: open_live().store,
            open_live=open_live,
            workspace=Path(workspace) if workspace else None,
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
