"""What the learner can do: begin, check, take a hint, see the solution, start an exercise again."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from curriculum.checker.bench import OpenLive, OpenStore
from curriculum.checker.manifest import find_exercise
from curriculum.checker.progress import Progress, where_am_i
from curriculum.checker.results import Result
from curriculum.checker.runner import run_check
from curriculum.checker.workspace import (
    add_record,
    hash_file,
    lay_out,
    make_workspace,
    new_record,
    read_records,
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


def begin(workspace: Path) -> Progress:
    """Make the workspace, and lay the next exercise's starter out; safe to repeat."""
    make_workspace(workspace)
    progress = where_am_i(workspace)
    if progress.next_slug:
        lay_out(find_exercise(progress.next_slug), workspace)
    return where_am_i(workspace)


def check(
    slug: str,
    *,
    workspace: Path,
    open_store: OpenStore | None = None,
    open_live: OpenLive | None = None,
    seed: int | None = None,
    again: bool = False,
) -> Result:
    """Check the learner's work on an exercise, and record it.

    Parameters
    ----------
    open_store, open_live
        Open the deployed system's data bucket, and its public face.
    seed
        Makes a check repeatable; fresh when None.
    again
        Run even when this very file has passed before.
    """
    exercise = find_exercise(slug)
    begin(workspace)
    answer_file = exercise.place_in(workspace)
    answer_sha256 = hash_file(answer_file)
    if not again and _has_passed(workspace, slug, answer_sha256):
        return Result(
            slug=slug,
            status="pass",
            message="this very file has passed before",
            next_step="loop learn",
            already_known=True,
        )
    result = run_check(
        exercise,
        answer_file,
        open_store=open_store,
        open_live=open_live,
        workspace=workspace,
        seed=seed,
    )
    if result.status != "not ready":
        record = new_record(
            workspace,
            slug,
            event="check",
            status=result.status,
            seed=result.seed,
            answer_sha256=answer_sha256,
            file_passed=result.file_passed,
        )
        add_record(workspace, record)
    return result


def hint(slug: str, *, workspace: Path) -> Hint:
    """Show the next hint, and record it; the last one again when there are no more."""
    hints = find_exercise(slug).manifest.hints
    make_workspace(workspace)
    taken = max((r.hint or 0 for r in read_records(workspace) if r.slug == slug), default=0)
    number = min(taken + 1, len(hints))
    add_record(workspace, new_record(workspace, slug, event="hint", hint=number))
    return Hint(slug=slug, number=number, of=len(hints), text=hints[number - 1])


def solution(slug: str, *, workspace: Path) -> Solution:
    """Show a right answer after a pass, or on a second asking, which the record then shows."""
    exercise = find_exercise(slug)
    make_workspace(workspace)
    own = [record for record in read_records(workspace) if record.slug == slug]
    passed = any(record.status == "pass" for record in own)
    asked = any(record.event == "solution" for record in own)
    add_record(workspace, new_record(workspace, slug, event="solution"))
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


def reset(slug: str, *, workspace: Path) -> Path | None:
    """Put the starter back; what was there is kept beside it, with ``.old`` at the end.

    Returns
    -------
    Path or None
        The starter; None for an exercise without a file.
    """
    exercise = find_exercise(slug)
    make_workspace(workspace)
    place = exercise.place_in(workspace)
    if place is not None and place.exists():
        place.replace(place.with_name(place.name + ".old"))
    lay_out(exercise, workspace)
    add_record(workspace, new_record(workspace, slug, event="reset"))
    return place


def _has_passed(workspace: Path, slug: str, answer_sha256: str | None) -> bool:
    return any(
        record.slug == slug and record.status == "pass" and record.answer_sha256 == answer_sha256
        for record in read_records(workspace)
    )
