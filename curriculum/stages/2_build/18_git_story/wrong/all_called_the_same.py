"""Wrong: every commit is called the same."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "story", Path(__file__).parents[1] / "solution" / "act.py"
)
story = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(story)


def act(bench):
    real = story.save
    story.save = lambda bench, message, files: real(bench, "wip", files)
    story.act(bench)
