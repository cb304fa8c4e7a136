"""Runs the learner's workflow several times: here, and in a fresh process with another salt."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

FILES = ("model.json", "manifest.json")
_PROGRAM = """
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("workflow", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
rows, settings = json.load(sys.stdin)
module.run(rows, settings, pathlib.Path(sys.argv[2]))
"""


def drive(learner: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what each run wrote: each file's text and hash."""
    return [_run(learner, **run) for run in runs]


def _run(
    learner: ModuleType, rows: list[dict[str, Any]], settings: dict[str, Any], *, elsewhere: bool
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if elsewhere:
            _run_elsewhere(str(learner.__file__), rows, settings, folder)
        else:
            # Copies, so that a run which changes its rows is seen in its files alone.
            learner.run([dict(row) for row in rows], dict(settings), folder)
        return {
            each: {
                "text": (folder / each).read_text(encoding="utf-8", errors="replace"),
                "sha256": hashlib.sha256((folder / each).read_bytes()).hexdigest(),
            }
            for each in FILES
            if (folder / each).is_file()
        }


def _run_elsewhere(
    file: str, rows: list[dict[str, Any]], settings: dict[str, Any], folder: Path
) -> None:
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PROGRAM, file, str(folder)],
        # A check's process has a fixed salt, which this one would inherit.
        env=os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"},
        input=json.dumps([rows, settings]),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if ran.returncode != 0:
        raise RuntimeError(f"in a fresh Python process: {ran.stderr.strip()[-300:]}")
