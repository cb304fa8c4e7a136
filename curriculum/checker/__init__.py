"""The curriculum's public face: where a learner stands, and whether their work behaves.

What the `loop learn` command is written on::

    from curriculum.checker import (
        begin, where_am_i, check, hint, solution, reset, describe,
        Progress, Result, Hint, Solution,
    )

    begin(workspace)             # -> Progress; makes the workspace, lays the next starter out
    where_am_i(workspace)        # -> Progress: six stages, their exercises, `next_slug`; only reads
    check(slug, workspace=..., open_store=...)  # -> Result: pass | fail | error | not ready
    hint(slug, workspace=...)    # -> Hint: the next one, graded
    solution(slug, workspace=...)  # -> Solution: after a pass, or on a second asking
    reset(slug, workspace=...)   # -> Path of the starter; the old work is kept beside it
    describe(result)             # -> plain text for people; Result.model_dump() for tools

`workspace` is a `pathlib.Path` (``workspace/`` under the project, a git repository of the
learner's own). `open_store` is called without arguments and returns the `ObjectStore` of the
deployed data bucket; when it raises a `LoopError`, the result is `not ready` with the error's text
and next step, never a failure of the learner. An unknown slug is a `NotFoundError`. All results
are pydantic models.
"""

from curriculum.checker.actions import Hint, Solution, begin, check, hint, reset, solution
from curriculum.checker.progress import Progress, where_am_i
from curriculum.checker.results import Failure, Result, describe

__all__ = [
    "Failure",
    "Hint",
    "Progress",
    "Result",
    "Solution",
    "begin",
    "check",
    "describe",
    "hint",
    "reset",
    "solution",
    "where_am_i",
]
