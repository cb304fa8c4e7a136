"""Do what the solution of an exercise without a file does: ``python -m tests.e2e.act ACT_PY``."""

import runpy
import sys

from cli.home import workspace_folder
from cli.live import live_of
from cli.session import Session
from curriculum.checker.bench import Bench


def main(path: str) -> None:
    """Act on the system that was deployed last."""
    session = Session()
    bench = Bench(
        seed=1,
        open_store=lambda: session.system().store,
        open_live=live_of(session),
        workspace=workspace_folder(),
    )
    runpy.run_path(path)["act"](bench)


if __name__ == "__main__":
    main(sys.argv[1])
