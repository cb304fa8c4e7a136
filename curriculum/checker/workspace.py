"""The learner's own place: a git repository that survives upgrades, with their work and records."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.errors import IntegrityError, UnavailableError
from curriculum.checker.manifest import Exercise
from curriculum.checker.results import Status

RECORDS: Final = "progress.jsonl"
_README: Final = """# My workspace

What I build while I learn on Closed Loop. Every exercise has a folder; `progress.jsonl` records
every check, hint and solution, one line each. This repository is mine: commit often, keep it.

`loop learn` says what comes next.
"""
_GIT_TIMEOUT_S: Final = 30


class Record(BaseModel):
    """One line of ``progress.jsonl``: something that the learner did.

    Attributes
    ----------
    answer_sha256
        Hash of the file that was checked.
    commit
        What the workspace's HEAD was; None when nothing was committed yet.
    checked_sha256
        Hash of everything that was judged with: the file, the check, its driver, the manifest.
    file_passed
        Whether the file passed its own cases, whatever the deployed system then said.
    hint
        Number of the hint that was shown, from 1.
    """

    # Lines of a later release may say more.
    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    slug: str
    event: Literal["check", "hint", "solution", "reset"]
    status: Status | None = None
    seed: int | None = None
    answer_sha256: str | None = None
    checked_sha256: str | None = None
    file_passed: bool = False
    commit: str | None = None
    hint: Annotated[int, Field(ge=1)] | None = None


def make_workspace(workspace: Path) -> None:
    """Make the git repository if it is not there yet; what is there is left alone.

    Raises
    ------
    UnavailableError
        When git is not installed, or the folder cannot be written.
    """
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        if not (workspace / ".git").exists():
            _git(workspace, "init", "--quiet", "--initial-branch=main")
        if not (workspace / "README.md").exists():
            (workspace / "README.md").write_text(_README, encoding="utf-8")
            commit(workspace, "Begin", ["README.md"])
    except OSError as error:
        raise UnavailableError(
            f"The workspace {workspace} cannot be written ({error.strerror}).",
            next_step="Make room, or make the folder yours to write.",
        ) from error


def lay_out(exercise: Exercise, workspace: Path) -> Path | None:
    """Put an exercise's starter into the workspace unless a file of the learner's is there."""
    place = exercise.place_in(workspace)
    if place is None or exercise.starter is None:
        return None
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(exercise.starter, place)
        relative = str(place.relative_to(workspace))
        commit(workspace, f"Starter of {exercise.manifest.slug}", [relative])
    return place


def read_records(workspace: Path) -> list[Record]:
    """Read what the learner did, oldest first.

    Raises
    ------
    IntegrityError
        When a line is not a record; it names the line, and nothing is lost.
    """
    path = workspace / RECORDS
    if not path.is_file():
        return []
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            records.append(Record.model_validate_json(line))
        except ValidationError as error:
            raise IntegrityError(
                f"Line {number} of {path} is not a record.",
                next_step="Correct the line or take it out; your work itself is not touched.",
            ) from error
    return records


def add_record(workspace: Path, record: Record) -> None:
    """Append a record; one line, so that an interruption cannot spoil the others."""
    content = json.dumps(record.model_dump(mode="json", exclude_none=True))
    with (workspace / RECORDS).open("a", encoding="utf-8") as records:
        records.write(content + "\n")


def new_record(workspace: Path, slug: str, **content: object) -> Record:
    """Make a record of now, with the workspace's commit."""
    return Record.model_validate(
        {"at": datetime.now(UTC), "slug": slug, "commit": head(workspace), **content}
    )


def hash_file(path: Path | None) -> str | None:
    """Return the SHA-256 of a file in hex; None when there is none."""
    if path is None or not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def head(workspace: Path) -> str | None:
    """Return the commit that the workspace stands on, if it has one."""
    if not (workspace / ".git").exists():
        return None
    found = _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD", check=False).strip()
    return found or None


def commit(workspace: Path, message: str, paths: Sequence[str]) -> None:
    """Commit what the checker itself put down; the learner's own work is theirs to commit."""
    if not _git(workspace, "status", "--porcelain", "--", *paths).strip():
        return
    _git(workspace, "add", "--", *paths)
    identity = ["-c", "user.name=loop learn", "-c", "user.email=loop@localhost"]
    signing = ["-c", "commit.gpgsign=false"]
    _git(
        workspace, *identity, *signing, "commit", "--quiet", "--no-verify", "-m", message,
        "--", *paths,
    )  # fmt: skip


def _git(workspace: Path, *arguments: str, check: bool = True) -> str:
    # Variables of a surrounding git command (a hook, say) would lead to another repository.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    try:
        ran = subprocess.run(  # noqa: S603 - fixed commands on the learner's own folder
            ["git", "-C", str(workspace), *arguments],  # noqa: S607 - whichever git they use
            env=environment,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise UnavailableError(
            "git is not installed; your workspace is a git repository.",
            next_step="Install git, then run 'loop learn' again.",
        ) from error
    if check and ran.returncode != 0:
        raise UnavailableError(
            f"git {arguments[0]} failed in {workspace}: {ran.stderr.strip()[:200]}",
            next_step=f"See 'git -C {workspace} status'.",
        )
    return ran.stdout
