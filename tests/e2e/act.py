"""Do what the solution of an exercise without a file does: ``python -m tests.e2e.act ACT_PY``."""

import runpy
import sys

from cli.live import live_of
from cli.session import Session


def main(path: str) -> None:
    """Act on the system that was deployed last."""
    act = runpy.run_path(path)["act"]
    act(live_of(Session())())


if __name__ == "__main__":
    main(sys.argv[1])
