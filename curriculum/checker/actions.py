"""What the learner can do: begin, check, take a hint, see the solution, start again, skip."""

import os
import time
from pathlib import Path
from shlex import quote

from pydantic import BaseModel, ConfigDict

from curriculum.checker.bench import OpenLive, OpenStore, Say, say_nothing
from curriculum.checker.manifest import Exercise, find_exercise
from curriculum.checker.progress import Progress, where_am_i
from curriculum.checker.records import (
    Record,
    add_record,
    describe_environment,
    hash_checked,
    hash_file,
    new_record,
    read_records,
)
from curriculum.checker.results import Result
from curriculum.checker.runner import load_check, run_check
from curriculum.checker.workspace import (
    head,
    is_committed,
    lay_out,
    make_workspace,
    put_aside,
)


class Hint(BaseModel):
    """One hint: the first is a nudge, the last almost the answer."""

    model_config = ConfigDict(frozen=True)

    slug: str
    number: int
    of: int
    text: str


class Solution(BaseModel):
    """A right answer, or why it is not shown yet.

    Attributes
    ----------
    shown
        Whether `text` holds the solution.
    message
        One line for the learner.
    """

    model_config = ConfigDict(frozen=True)

    slug: str
    shown: bool
    text: str
    message: str


def begin(workspace: Path, slug: str | None = None) -> Progress:
    """Make the workspace, and lay an exercise out, the next one if none is named; repeatable.

    An exercise that is named is the one to do now, until it is done or another one is named.
    """
    make_workspace(workspace)
    chosen = slug or where_am_i(workspace).next_slug
    if chosen:
        lay_out(find_exercise(chosen), workspace)
        if read_records(workspace)[-1].slug != chosen:
            add_record(workspace, new_record(chosen, "begin"))
    return where_am_i(workspace)


def check(
    slug: str,
    *,
    workspace: Path,
    open_store: OpenStore | None = None,
    open_live: OpenLive | None = None,
    seed: int | None = None,
    again: bool = False,
    say: Say = say_nothing,
) -> Result:
    """Check the learner's work on an exercise, and record it.

    Parameters
    ----------
    open_store, open_live
        Open the deployed system's data bucket, and its public face.
    seed
        Makes a check repeatable; fresh when None.
    again
        Run even when this very work has passed before.
    say
        Hears what a check that takes minutes does now.
    """
    exercise = find_exercise(slug)
    _begin_if_new(exercise, workspace)
    answer_file = exercise.place_in(workspace)
    checked_sha256 = hash_checked(exercise, answer_file)
    if not again and _has_passed(workspace, slug, checked_sha256):
        return Result(
            slug=slug,
            status="pass",
            message="this very work has passed before",
            next_step="loop learn",
            already_known=True,
            file_passed=exercise.manifest.file is not None,
        )
    began = time.monotonic()
    result = run_check(
        exercise,
        answer_file,
        open_store=open_store,
        open_live=open_live,
        workspace=workspace,
        seed=seed,
        say=say,
    )
    if result.status != "not ready" or result.file_passed:
        took_s = round(time.monotonic() - began, 3)
        record = _record_of(result, exercise, workspace, checked_sha256, took_s)
        add_record(workspace, record)
    if result.status == "pass":
        return result.model_copy(update=_look_ahead(exercise, workspace))
    return result


def hint(slug: str, *, workspace: Path) -> Hint:
    """Show the next hint, and record it; the last one again when there are no more."""
    hints = find_exercise(slug).manifest.hints
    make_workspace(workspace)
    number = min(_count_hints(workspace, slug) + 1, len(hints))
    add_record(workspace, new_record(slug, "hint", hint=number, commit=head(workspace)))
    return Hint(slug=slug, number=number, of=len(hints), text=hints[number - 1])


def solution(slug: str, *, workspace: Path) -> Solution:
    """Show a right answer after a pass, or on a second asking, which the record then shows."""
    exercise = find_exercise(slug)
    make_workspace(workspace)
    own = [record for record in read_records(workspace) if record.slug == slug]
    passed = any(record.status == "pass" for record in own)
    asked = any(record.event == "solution" for record in own)
    add_record(workspace, new_record(slug, "solution", commit=head(workspace)))
    if not passed and not asked:
        return Solution(
            slug=slug,
            shown=False,
            text="",
            message=f"You have not passed yet. 'loop learn hint {slug}' helps without giving the "
            "answer away; ask for the solution once more to see it.",
        )
    message = "One right answer; yours may be better." if passed else "Your record shows this."
    return Solution(
        slug=slug, shown=True, text=exercise.solution.read_text(encoding="utf-8"), message=message
    )


def reset(slug: str, *, workspace: Path) -> tuple[Path | None, Path | None]:
    """Put the starter back; what was there is kept beside it, with ``.old`` at the end.

    Returns
    -------
    tuple of Path or None
        The starter, and where the old work lies; None for what there is not.
    """
    exercise = find_exercise(slug)
    make_workspace(workspace)
    aside = put_aside(exercise, workspace)
    lay_out(exercise, workspace)
    add_record(workspace, new_record(slug, "reset", commit=head(workspace)))
    return exercise.place_in(workspace), aside


def skip(slug: str, *, workspace: Path) -> Progress:
    """Leave an exercise for later: what comes after it no longer waits for it."""
    find_exercise(slug)
    make_workspace(workspace)
    add_record(workspace, new_record(slug, "skip", commit=head(workspace)))
    return begin(workspace)


def _look_ahead(exercise: Exercise, workspace: Path) -> dict[str, object]:
    """Say what a pass leads to."""
    manifest, notes = exercise.manifest, []
    if manifest.part:
        # A probe passes only where the part was deployed.
        is_in = hasattr(load_check(exercise), "probe")
        notes += [
            f"The running system does this with your {manifest.part} now."
            if is_in
            else f"The next 'loop deploy' puts your {manifest.part} into the running system."
        ]
    if manifest.capstone:
        notes += [f"This stands for the whole of stage {manifest.stage}."]
    place = exercise.place_in(workspace)
    if place is not None and not is_committed(workspace, place):
        git = f"git -C {quote(os.path.relpath(workspace))}"
        # With add, for git does not know the record before it is told of it.
        keep = f"{git} add . && {git} commit -m {manifest.slug}"
        notes += [f"Your repository is your portfolio. To keep this step in it: {keep}"]
    ahead = where_am_i(workspace).next_slug
    return {
        "notes": tuple(notes),
        "next_step": f"loop learn show {ahead}" if ahead else "loop learn",
    }


def _begin_if_new(exercise: Exercise, workspace: Path) -> None:
    """Lay an exercise out that the learner names for the first time.

    Later a file that is gone stays gone until they ask for it: they may be moving it about.
    """
    make_workspace(workspace)
    slug = exercise.manifest.slug
    if not any(record.slug == slug for record in read_records(workspace)):
        lay_out(exercise, workspace)


def _record_of(
    result: Result, exercise: Exercise, workspace: Path, checked_sha256: str, took_s: float
) -> Record:
    slug, answer_file = result.slug, exercise.place_in(workspace)
    content: dict[str, object] = {
        "status": result.status,
        "seed": result.seed,
        "answer_sha256": hash_file(answer_file),
        "checked_sha256": checked_sha256,
        "file_passed": result.file_passed,
        "commit": head(workspace),
        "uncommitted": not is_committed(workspace, answer_file),
        "took_s": took_s,
    }
    if result.status == "pass":
        attempts = sum(each.is_attempt for each in _read_own(workspace, slug))
        content |= {
            "attempts": attempts + 1,
            "hints_used": _count_hints(workspace, slug),
            "metrics": result.metrics,
            "environment": dict(describe_environment()),
        }
    return new_record(slug, "check", **content)


def _read_own(workspace: Path, slug: str) -> list[Record]:
    return [record for record in read_records(workspace) if record.slug == slug]


def _count_hints(workspace: Path, slug: str) -> int:
    return max((each.hint or 0 for each in _read_own(workspace, slug)), default=0)


def _has_passed(workspace: Path, slug: str, checked_sha256: str) -> bool:
    return any(
        record.status == "pass" and record.checked_sha256 == checked_sha256
        for record in _read_own(workspace, slug)
    )
