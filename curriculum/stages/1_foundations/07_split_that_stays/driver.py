"""Calls `is_held_out` here, or in a fresh Python process with another salt for `hash`."""

import json
import os
import subprocess
import sys
from types import ModuleType

_PROGRAM = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("split", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
customers, share = json.load(sys.stdin)
sides = [bool(side) for side in module.is_held_out(customers, share)]
sys.stderr.write("SIDES" + json.dumps(sides))
"""


def drive(
    learner: ModuleType,
    lists: list[list[str]],
    share: float,
    elsewhere: bool,  # noqa: FBT001 - an argument of a case
) -> list[list[bool]]:
    """Return one side for each row of each list; of the last one in another process if wanted."""
    here = lists[:-1] if elsewhere else lists
    sides = [[bool(side) for side in learner.is_held_out(list(rows), share)] for rows in here]
    return [*sides, _ask_elsewhere(learner, lists[-1], share)] if elsewhere else sides


def _ask_elsewhere(learner: ModuleType, customers: list[str], share: float) -> list[bool]:
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PROGRAM, str(learner.__file__)],
        # A check's process has a fixed salt, which this one would inherit.
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        input=json.dumps([customers, share]),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    # The learner may print what they like; the answer goes another way.
    _, found, sides = ran.stderr.rpartition("SIDES")
    if not found:
        raise RuntimeError(f"in a fresh Python process: {ran.stderr.strip()[-300:]}")
    answer: list[bool] = json.loads(sides)
    return answer
