"""The curriculum's public face: where a learner stands, and whether their work behaves.

What the `loop learn` command is written on::

    begin(workspace)             # -> Progress; makes the workspace, lays the next starter out
    where_am_i(workspace)        # -> Progress: six stages, exercises, skills; only reads
    check(slug, workspace=..., open_store=..., open_live=...)
                                 # -> Result: pass | fail | error | not ready
    hint(slug, workspace=...)    # -> Hint: the next one, graded
    solution(slug, workspace=...)  # -> Solution: after a pass, or on a second asking
    reset(slug, workspace=...)   # -> places of the starter, and of the old work kept beside it
    skip(slug, workspace=...)    # -> Progress: with something else to do now
    watch_file(place)            # yields whenever the file was saved
    describe(result)             # -> plain text for people; Result.model_dump() for tools

`workspace` is a `pathlib.Path` (``workspace/`` under the project, a git repository of the
learner's own). `open_store` is called without arguments and returns the `ObjectStore` of the
deployed data bucket, `open_live` its `Live` face; when one raises a `LoopError`, the result is
`not ready` with the error's text and next step, never a failure of the learner. An unknown slug is
a `NotFoundError`. All results are pydantic models.
"""

from curriculum.checker.actions import Hint, Solution, begin, check, hint, reset, skip, solution
from curriculum.checker.live import Live
from curriculum.checker.manifest import find_exercise
from curriculum.checker.progress import Progress, where_am_i
from curriculum.checker.results import Failure, Result, describe
from curriculum.checker.watch import watch_file

__all__ = [
    "Failure",
    "Hint",
    "Live",
    "Progress",
    "Result",
    "Solution",
    "begin",
    "check",
    "describe",
    "find_exercise",
    "hint",
    "reset",
    "skip",
    "solution",
    "watch_file",
    "where_am_i",
]
