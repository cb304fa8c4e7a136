"""What a check says: one of four results, and the first failure only."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["pass", "fail", "error", "not ready"]


class Failure(BaseModel):
    """The first thing that is not as it should be.

    Attributes
    ----------
    expected, observed
        What a right answer does, and what this one did.
    where
        Where to look.
    """

    model_config = ConfigDict(frozen=True)

    expected: str
    observed: str
    where: str


class Result(BaseModel):
    """The outcome of one check.

    Attributes
    ----------
    status
        `pass`; `fail` (it behaves wrongly); `error` (it broke); `not ready` (the environment lacks
        something, which is never the learner's failure).
    seed
        What the check's data were made from; None when nothing was run.
    message
        One line: what happened.
    failure
        For `fail` alone.
    next_step
        The command or deed that comes next.
    printed
        What the learner's code printed, its first part.
    already_known
        Whether this very work had passed before and was not run again.
    file_passed
        Whether the file itself passed its cases, whatever the deployed system then said: from then
        on it may take the reference's place.
    metrics
        Numbers that the check measured; evidence.
    notes
        What else is worth knowing now.
    rubric
        Questions to ask oneself after a pass: nobody but the learner can answer them.
    """

    model_config = ConfigDict(frozen=True)

    slug: str
    status: Status
    message: str
    seed: int | None = None
    failure: Failure | None = None
    next_step: str = ""
    printed: str = ""
    already_known: bool = False
    file_passed: bool = False
    metrics: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    rubric: tuple[str, ...] = ()


def describe(result: Result) -> str:
    """Write a result for people, as plain text."""
    lines = [f"{result.status.upper()}  {result.slug}: {result.message}"]
    if result.failure:
        lines += [
            f"  expected       {result.failure.expected}",
            f"  observed       {result.failure.observed}",
            f"  where to look  {result.failure.where}",
        ]
    if result.printed:
        lines += ["  your code printed:", *(f"    {line}" for line in result.printed.splitlines())]
    if result.rubric:
        lines += [
            "  ask yourself; nobody else can judge this, and no check did:",
            *(f"    - {question}" for question in result.rubric),
        ]
    lines += [f"  {note}" for note in result.notes]
    if result.next_step:
        lines.append(f"  next           {result.next_step}")
    return "\n".join(lines)
