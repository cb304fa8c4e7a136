"""Wrong: all of it in one commit."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "story", Path(__file__).parents[1] / "solution" / "act.py"
)
story = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(story)


def act(bench):
    lines = "".join(f"VALUE_{number} = {number}\n" for number in range(150))
    story.save(bench, "Add everything", {"phone.py": story.CODE, "values.py": lines})
