"""Wrong: the branch is only moved along."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "story", Path(__file__).parents[1] / "solution" / "act.py"
)
story = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(story)


def act(bench):
    story.begin(bench)
    story.make_mistake(bench)
    story.git(bench, "revert", "--no-edit", "HEAD")
    story.git(bench, "switch", "--quiet", "-c", "countries")
    story.add_countries(bench)
    story.git(bench, "switch", "--quiet", "-")
    story.git(bench, "merge", "--ff-only", "countries")
