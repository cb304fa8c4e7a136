"""Wrong: a state that does not run, mended later."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "story", Path(__file__).parents[1] / "solution" / "act.py"
)
story = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(story)


def act(bench):
    half = story.CODE.replace("for each in text", "for each")
    story.save(bench, "Begin with the function", {"phone.py": half.replace(")\n", "\n")})
    story.act(bench)
