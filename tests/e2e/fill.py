"""Put the deployed system's own numbers into a text: ``python -m tests.e2e.fill CHECK_PY TEXT``.

A learner looks them up; an exercise's solution has marks in their place, which its check can fill.
"""

import os
import runpy
import sys
from pathlib import Path

from cli.live import live_of
from cli.session import Session
from curriculum.checker.bench import Bench


def main(check: str, path: str) -> None:
    """Fill the text in place; a check that has no `fill` leaves it as it is."""
    fill = runpy.run_path(check).get("fill")
    if fill is None:
        return
    open_live = live_of(Session())
    workspace = os.environ.get("LOOP_WORKSPACE")
    bench = Bench(
        seed=0,
        open_store=lambda: open_live().store,
        open_live=open_live,
        workspace=Path(workspace) if workspace else None,
    )
    text = Path(path)
    text.write_text(fill(bench, text.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
