"""Wrong: a file of data is committed, too."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "story", Path(__file__).parents[1] / "solution" / "act.py"
)
story = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(story)


def act(bench):
    place = Path(str(bench.workspace)) / story.FOLDER / "customers.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(bytes(range(256)) * 40)
    story.act(bench)
